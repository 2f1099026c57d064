extension Tensor {
    /// How the quotients of a division are rounded.
    public enum RoundingMode: String, Sendable, CaseIterable {
        case floor, trunc

        /// Creates the mode that PyTorch calls `name`.
        public init(named name: String) throws(TensorError) {
            guard let mode = Self(rawValue: name) else { throw .function(.roundingMode(name)) }
            self = mode
        }
    }

    /// Returns the quotients; rounded ones of integers stay integers.
    public static func div(
        _ first: Operand,
        _ second: Operand,
        roundingMode: RoundingMode? = nil
    ) throws(TensorError) -> Tensor {
        switch roundingMode {
        case nil: try dividing(first, second)
        case .floor: try quotient(first, second, "floor_divide", FloorQuotient(), "div_floor_cpu")
        case .trunc: try quotient(first, second, "div", TruncatedQuotient(), "div_trunc_cpu")
        }
    }

    /// Returns the quotients rounded down.
    public static func floorDivide(_ first: Operand, _ second: Operand) throws(TensorError) -> Tensor {
        try div(first, second, roundingMode: .floor)
    }

    /// Returns what is left after division, with the sign of the divisor, as Python's `%`.
    public static func remainder(_ first: Operand, _ second: Operand) throws(TensorError) -> Tensor {
        try rest(first, second, "remainder", NodeName("RemainderBackward0"), Modulo(), "remainder_cpu", .floor)
    }

    /// Returns what is left after division, with the sign of the dividend, as C's `fmod`.
    public static func fmod(_ first: Operand, _ second: Operand) throws(TensorError) -> Tensor {
        try rest(first, second, "fmod", NodeName("FmodBackward0"), Remainder(), "fmod_cpu", .trunc)
    }

    /// A number divided by a tensor is the number times the reciprocal.
    private static func dividing(_ first: Operand, _ second: Operand) throws(TensorError) -> Tensor {
        switch (first, second) {
        case (.number(let number), .tensor(let divisor)):
            try product(divisor.reciprocal(), number.tensor(), secondIsNumber: true)
        default: try quotient(first.asTensor(), second.asTensor(), secondIsNumber: second.isNumber)
        }
    }

    private static func quotient<Kernel: BinaryKernel>(
        _ first: Operand,
        _ second: Operand,
        _ operation: StaticString,
        _ kernel: Kernel,
        _ name: String
    ) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in
            try OperandPair(dividing: first, second, name).combined(kernel, name)
        }
        let inputs = [try first.asTensor(), try second.asTensor()]
        guard Autograd.records(inputs[0], inputs[1]) else { return result }
        return try result.recorded(NodeName("DivBackward1"), inputs) { gradient, _ in
            let zeros = try Tensor.zeros(gradient.shape, dtype: gradient.dtype)
            return [zeros, zeros]
        }
    }

    /// The dividend's gradient passes unchanged; the divisor's is that times the negative quotient.
    private static func rest<Kernel: BinaryKernel>(
        _ first: Operand,
        _ second: Operand,
        _ operation: StaticString,
        _ node: NodeName,
        _ kernel: Kernel,
        _ name: String,
        _ mode: RoundingMode
    ) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in
            try OperandPair(dividing: first, second, name).combined(kernel, name)
        }
        let inputs = [try first.asTensor(), try second.asTensor()]
        guard Autograd.records(inputs[0], inputs[1]) else { return result }
        let saved = inputs.map { $0.detached() }
        return try result.recorded(node, inputs, saving: saved) { gradient, needs in
            guard needs[1] else { return [gradient, nil] }
            let quotient = try div(.tensor(saved[0]), .tensor(saved[1]), roundingMode: mode)
            return [gradient, try gradient.negated() * quotient]
        }
    }
}

extension OperandPair {
    /// Converts both, and refuses integers divided by zero.
    /// - Parameter kernel: What PyTorch calls the division when it refuses bools.
    fileprivate init(dividing first: Operand, _ second: Operand, _ kernel: String) throws(TensorError) {
        try self.init(first, second)
        _ = try self.first.shape.broadcast(with: self.second.shape)
        guard dtype != .bool else { throw .notImplemented(kernel: kernel, .bool) }
        guard !dtype.isFloatingPoint, !dtype.isBarebones else { return }
        guard try !self.second.hasZeros else { throw .function(.integerDivisionByZero) }
    }
}

extension Tensor {
    fileprivate var hasZeros: Bool {
        get throws(TensorError) { scalars(as: Int64.self).contains(0) }
    }
}

private struct FloorQuotient: BinaryKernel {
    static let cost = CallMeter.scalarCost

    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.quotientDown(first, second) }
}

private struct TruncatedQuotient: BinaryKernel {
    static let cost = CallMeter.scalarCost

    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.quotientTowardZero(first, second) }
}

private struct Modulo: BinaryKernel {
    static let cost = CallMeter.scalarCost

    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.modulo(first, second) }
}

private struct Remainder: BinaryKernel {
    static let cost = CallMeter.scalarCost

    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.remainder(first, second) }
}
