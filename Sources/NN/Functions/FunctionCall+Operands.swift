import Tensors

/// Arguments that are a tensor or a number.
extension FunctionCall {
    func number(_ index: Int) throws(ModuleError) -> Number {
        guard let number = values[index].asNumber else { throw mismatch(index, "Number") }
        return number
    }

    func optionalNumber(_ index: Int) throws(ModuleError) -> Number? {
        values[index].isNone ? nil : try number(index)
    }

    func operand(_ index: Int) throws(ModuleError) -> Operand {
        if case .tensor(let tensor) = values[index] { return .tensor(tensor) }
        return .number(try number(index))
    }

    func optionalOperand(_ index: Int) throws(ModuleError) -> Operand? {
        values[index].isNone ? nil : try operand(index)
    }

    /// Returns a dtype, or `other` where there is none.
    func dtype(_ index: Int, _ other: DType = .float32) throws(ModuleError) -> DType {
        try optionalDType(index) ?? other
    }

    /// Returns sizes, apart or in one tuple, as a shape.
    func shape(_ index: Int) throws -> Shape { try Shape(checking: sizes(index)) }

    func isList(_ index: Int) -> Bool { values[index].elements != nil }
}

extension Value {
    /// The number as tensors take it; `nil` for anything else.
    var asNumber: Number? {
        switch self {
        case .bool(let value): .bool(value)
        case .integer(let value): .int(value)
        case .float(let value): .double(value)
        case .tensor, .none, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: nil
        }
    }

    /// A tuple of tensors.
    static func tensors(_ tensors: [Tensor]) -> Value { .tuple(tensors.map(Value.tensor)) }
}
