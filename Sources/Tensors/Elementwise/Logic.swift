extension Tensor {
    /// How two truth values, or the bits of two integers, are combined.
    public enum Logic: String, Sendable, CaseIterable {
        case and, or, xor
    }

    /// Returns where anything but zero in both, either or one of the operands says so.
    public static func logical(_ logic: Logic, _ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
        let pair = try OperandPair(.tensor(first), .tensor(second), as: .bool)
        return switch logic {
        case .and: try Operations.perform("logical_and") { () throws(TensorError) in try pair.bits(.and) }
        case .or: try Operations.perform("logical_or") { () throws(TensorError) in try pair.bits(.or) }
        case .xor: try Operations.perform("logical_xor") { () throws(TensorError) in try pair.bits(.xor) }
        }
    }

    /// Returns where the elements are zero.
    public func logicalNot() throws(TensorError) -> Tensor {
        try Operations.perform("logical_not") { () throws(TensorError) in try cast(to: .bool).inverted() }
    }

    /// Returns the bits of both combined.
    public static func bitwise(_ logic: Logic, _ first: Operand, _ second: Operand) throws(TensorError) -> Tensor {
        let dtype = try DType.result(of: [first, second])
        let name = "bitwise_\(logic.rawValue)_cpu"
        guard !dtype.isFloatingPoint, !dtype.isBarebones else { throw .notImplemented(kernel: name, dtype) }
        let pair = try OperandPair(first, second, as: dtype)
        return switch logic {
        case .and: try Operations.perform("bitwise_and") { () throws(TensorError) in try pair.bits(.and) }
        case .or: try Operations.perform("bitwise_or") { () throws(TensorError) in try pair.bits(.or) }
        case .xor: try Operations.perform("bitwise_xor") { () throws(TensorError) in try pair.bits(.xor) }
        }
    }

    /// Returns the elements with all bits changed.
    public func bitwiseNot() throws(TensorError) -> Tensor {
        guard !dtype.isFloatingPoint, !dtype.isBarebones else {
            throw .notImplemented(kernel: "bitwise_not_cpu", dtype)
        }
        return try Operations.perform("bitwise_not") { () throws(TensorError) in try inverted() }
    }

    private func inverted() throws(TensorError) -> Tensor {
        let ones = try Tensor(scalar: dtype == .bool ? 1 : -1 as Int64).cast(to: dtype)
        return try OperandPair(.tensor(self), .tensor(ones), as: dtype).bits(.xor)
    }
}

extension OperandPair {
    /// Returns the bits of both combined, where both are integers or bools.
    fileprivate func bits(_ logic: Tensor.Logic) throws(TensorError) -> Tensor {
        let plan = try BroadcastPlan(first.shape, second.shape)
        let (first, second) = (try first.expanded(to: plan.shape), try second.expanded(to: plan.shape))
        return try Tensor(uninitialized: dtype, shape: plan.shape) { target in
            first.withUnsafeBytes { first in
                second.withUnsafeBytes { second in
                    for index in target.indices { target[index] = logic.combined(first[index], second[index]) }
                }
            }
        }
    }
}

extension Tensor.Logic {
    @inline(__always)
    fileprivate func combined(_ first: UInt8, _ second: UInt8) -> UInt8 {
        switch self {
        case .and: first & second
        case .or: first | second
        case .xor: first ^ second
        }
    }
}
