extension Tensor {
    /// Returns the sums of the first operand and `alpha` times the second.
    public static func add(_ first: Operand, _ second: Operand, alpha: Number = 1) throws(TensorError) -> Tensor {
        let scaled = try second.scaled(by: alpha, beside: first)
        guard case .number(let number) = first else {
            return try sum(first.asTensor(), scaled.asTensor(), secondIsNumber: scaled.isNumber)
        }
        return try sum(scaled.asTensor(), number.tensor(), secondIsNumber: true)
    }

    /// Returns the first operand minus `alpha` times the second.
    public static func sub(_ first: Operand, _ second: Operand, alpha: Number = 1) throws(TensorError) -> Tensor {
        guard case .tensor(let tensor) = first else {
            let subtrahend = try second.asTensor()
            guard subtrahend.dtype != .bool else { throw .boolOperandSubtraction }
            return try add(.tensor(try second.scaled(by: alpha, beside: first).asTensor().negated()), first)
        }
        let isBool = [tensor.dtype, try second.asTensor().dtype].contains(.bool)
        let scaled = isBool ? second : try second.scaled(by: alpha, beside: first)
        return try difference(tensor, scaled.asTensor(), secondIsNumber: scaled.isNumber)
    }

    /// Returns the products.
    public static func mul(_ first: Operand, _ second: Operand) throws(TensorError) -> Tensor {
        guard case .number(let number) = first else {
            return try product(first.asTensor(), second.asTensor(), secondIsNumber: second.isNumber)
        }
        return try product(second.asTensor(), number.tensor(), secondIsNumber: true)
    }
}

extension Operand {
    /// The operand times the `alpha` of an addition.
    fileprivate func scaled(by alpha: Number, beside other: Operand) throws(TensorError) -> Operand {
        guard alpha.double != 1 || alpha.dtype == .bool else { return self }
        let dtype = try DType.result(of: [other, self])
        switch alpha {
        case .bool: guard dtype == .bool else { throw .function(.booleanAlpha) }
        case .double: guard dtype.isFloatingPoint else { throw .function(.fractionalAlpha) }
        case .int: break
        }
        guard dtype != .bool else { return alpha.double == 0 ? .number(false) : self }
        switch (self, alpha) {
        case (.number(.int(let value)), .int(let factor)): return .number(.int(value &* factor))
        case (.number(let value), _): return .number(.double(value.double * alpha.double))
        case (.tensor(let tensor), _):
            return .tensor(try Tensor.product(tensor, alpha.tensor(), secondIsNumber: true))
        }
    }
}
