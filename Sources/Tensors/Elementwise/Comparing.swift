extension Tensor {
    /// What is asked about two numbers.
    public enum Comparison: String, Sendable, CaseIterable {
        case equal = "eq", notEqual = "ne", less = "lt", lessOrEqual = "le", greater = "gt", greaterOrEqual = "ge"
    }

    /// Returns where `comparison` holds.
    public static func compare(
        _ comparison: Comparison,
        _ first: Operand,
        _ second: Operand
    ) throws(TensorError) -> Tensor {
        let name = comparison.rawValue + "_cpu"
        return switch comparison {
        case .equal: try compared("eq", IsEqual(), name, first, second)
        case .notEqual: try compared("ne", IsUnequal(), name, first, second)
        case .less: try compared("lt", IsLess(), name, first, second)
        case .lessOrEqual: try compared("le", IsAtMost(), name, first, second)
        case .greater: try compared("gt", IsGreater(), name, first, second)
        case .greaterOrEqual: try compared("ge", IsAtLeast(), name, first, second)
        }
    }

    /// Returns where the elements are NaN.
    public func isNaN() throws(TensorError) -> Tensor {
        try Tensor.compared("isnan", IsUnequal(), "ne_cpu", .tensor(self), .tensor(self))
    }

    /// Returns where the elements are infinite.
    public func isInf() throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { return try .zeros(shape, dtype: .bool) }
        return try Tensor.compared("isinf", IsInfinite(), "eq_cpu", .tensor(self), .tensor(self))
    }

    /// Returns where the elements are neither infinite nor NaN.
    public func isFinite() throws(TensorError) -> Tensor {
        guard dtype.isFloatingPoint else { return try .ones(shape, dtype: .bool) }
        return try Tensor.compared("isfinite", IsFinite(), "eq_cpu", .tensor(self), .tensor(self))
    }

    private static func compared<Test: PairTest>(
        _ operation: StaticString,
        _ test: Test,
        _ name: String,
        _ first: Operand,
        _ second: Operand
    ) throws(TensorError) -> Tensor {
        try Operations.perform(operation) { () throws(TensorError) in
            try OperandPair(first, second).compared(test, name)
        }
    }
}

private struct IsEqual: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool { A.isEqual(first, second) }
}

private struct IsUnequal: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool { !A.isEqual(first, second) }
}

private struct IsLess: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool { A.isLess(first, second) }
}

private struct IsAtMost: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool {
        A.isLess(first, second) || A.isEqual(first, second)
    }
}

private struct IsGreater: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool { A.isLess(second, first) }
}

private struct IsAtLeast: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool {
        A.isLess(second, first) || A.isEqual(first, second)
    }
}

private struct IsInfinite: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool {
        first.converted(to: Double.self).isInfinite
    }
}

private struct IsFinite: PairTest {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool { first.converted(to: Double.self).isFinite }
}
