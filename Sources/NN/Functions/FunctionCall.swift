import Tensors

/// The arguments of one call of a function, in the order of its parameters.
///
/// Reading one of the wrong kind throws PyTorch's text.
struct FunctionCall: ~Copyable {
    let type: FunctionType
    let values: [Value]

    /// What a random function draws from.
    var generator: Generator { CallContext.current?.generator ?? .default }

    /// Returns the error that the argument at `index` is not what it must be.
    func mismatch(_ index: Int, _ expected: String) -> ModuleError {
        .argumentType(
            function: type.name,
            name: type.parameters[index].name,
            position: index + 1,
            expected: expected,
            got: values[index].pythonType
        )
    }

    func tensor(_ index: Int) throws(ModuleError) -> Tensor {
        guard case .tensor(let tensor) = values[index] else { throw mismatch(index, "Tensor") }
        return tensor
    }

    func optionalTensor(_ index: Int) throws(ModuleError) -> Tensor? {
        values[index].isNone ? nil : try tensor(index)
    }

    /// Returns the tensors of a tuple or list.
    func tensors(_ index: Int) throws(ModuleError) -> [Tensor] {
        guard let elements = values[index].elements else { throw mismatch(index, "tuple of Tensors") }
        return try elements.enumerated().map { place, element throws(ModuleError) in
            guard let tensor = element.tensor else {
                throw .elementType(
                    function: type.name,
                    name: type.parameters[index].name,
                    position: index + 1,
                    element: place,
                    expected: "Tensor",
                    got: element.pythonType
                )
            }
            return tensor
        }
    }

    /// Returns a whole number; Python's True counts as 1, a tensor of one whole number as that.
    func int(_ index: Int) throws(ModuleError) -> Int {
        guard let number = values[index].wholeNumber else { throw mismatch(index, "int") }
        return number
    }

    func optionalInt(_ index: Int) throws(ModuleError) -> Int? {
        values[index].isNone ? nil : try int(index)
    }

    /// Returns whole numbers: those of a tuple or list, or one.
    func ints(_ index: Int) throws(ModuleError) -> [Int] {
        if let number = values[index].wholeNumber { return [number] }
        guard let numbers = values[index].elements.flatMap(Self.wholeNumbers) else {
            throw mismatch(index, "tuple of ints")
        }
        return numbers
    }

    /// Returns the whole numbers that `elements` are; `nil` when one is not.
    static func wholeNumbers(_ elements: [Value]) -> [Int]? {
        var numbers: [Int] = []
        numbers.reserveCapacity(elements.count)
        for element in elements {
            guard let number = element.wholeNumber else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    func optionalInts(_ index: Int) throws(ModuleError) -> [Int]? {
        values[index].isNone ? nil : try ints(index)
    }

    func double(_ index: Int) throws(ModuleError) -> Double {
        guard let number = values[index].number else { throw mismatch(index, "float") }
        return number
    }

    func optionalDouble(_ index: Int) throws(ModuleError) -> Double? {
        values[index].isNone ? nil : try double(index)
    }

    func bool(_ index: Int) throws(ModuleError) -> Bool {
        switch values[index] {
        case .bool(let flag): return flag
        case .integer(let number): return number != 0
        case .tensor, .none, .float, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary:
            throw mismatch(index, "bool")
        }
    }

    func optionalBool(_ index: Int) throws(ModuleError) -> Bool? {
        values[index].isNone ? nil : try bool(index)
    }

    func string(_ index: Int) throws(ModuleError) -> String {
        guard case .string(let text) = values[index] else { throw mismatch(index, "str") }
        return text
    }

    func optionalDType(_ index: Int) throws(ModuleError) -> DType? {
        switch values[index] {
        case .none: return nil
        case .dtype(let dtype): return dtype
        case .tensor, .bool, .integer, .float, .string, .slice, .ellipsis, .tuple, .list, .dictionary:
            throw mismatch(index, "torch.dtype")
        }
    }
}

extension Value {
    /// The whole number; Python's True counts as 1, and a tensor of one whole number as that, as in `view(x.sum())`.
    var wholeNumber: Int? {
        switch self {
        case .integer(let number): return Int(number)
        case .bool(let flag): return flag ? 1 : 0
        case .tensor(let tensor):
            guard tensor.elementCount == 1, !tensor.dtype.isFloatingPoint else { return nil }
            return tensor.scalars(as: Int64.self).first.map { Int($0) }
        case .none, .float, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: return nil
        }
    }

    /// The number, whole or not; `nil` for anything else.
    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .float(let number): number
        case .bool(let flag): flag ? 1 : 0
        case .tensor, .none, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: nil
        }
    }
}
