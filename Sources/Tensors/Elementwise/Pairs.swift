/// Two operands in the dtype that they are computed in.
struct OperandPair {
    let first: Tensor
    let second: Tensor
    /// The dtype of the result, unless it is one of truth values.
    let dtype: DType

    /// Converts both to the dtype of their result, or to `dtype`, and then to that which it is computed in.
    init(_ first: Operand, _ second: Operand, as given: DType? = nil) throws(TensorError) {
        let dtype: DType
        if let given { dtype = given } else { dtype = try .result(of: [first, second]) }
        self.dtype = dtype
        self.first = try first.asTensor().cast(to: dtype).widened()
        self.second = try second.asTensor().cast(to: dtype).widened()
    }

    /// Returns the results of `kernel`, which PyTorch calls `name` when it refuses a dtype.
    func combined<Kernel: BinaryKernel>(_ kernel: Kernel, _ name: String) throws(TensorError) -> Tensor {
        let visitor = BinaryVisitor(kernel: kernel, first: first, second: second)
        return try dtype.computing.acceptArithmetic(visitor, kernel: name).cast(to: dtype)
    }

    /// Returns where `test` holds.
    func compared<Test: PairTest>(_ test: Test, _ name: String) throws(TensorError) -> Tensor {
        let visitor = TestVisitor(test: test, first: first, second: second)
        return try dtype.computing.acceptArithmetic(visitor, kernel: name)
    }
}

/// A question about two numbers that is asked element by element.
protocol PairTest: Sendable {
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> Bool
}

/// One test over two tensors of one dtype.
private struct TestVisitor<Test: PairTest>: ArithmeticVisitor, ElementwisePair {
    let test: Test
    let first: Tensor
    let second: Tensor

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try combine(Asked<Test, A>(test: test))
    }
}

/// A test for numbers of one type.
private struct Asked<Test: PairTest, Number: Arithmetic>: PairFunction {
    let test: Test

    @inline(__always)
    func callAsFunction(_ first: Number, _ second: Number) -> Bool { test(first, second) }
}

/// A function of two floating-point numbers that is applied element by element.
protocol RealKernel: Sendable {
    /// What a result costs beside reading and writing, in multiply-adds.
    static var cost: Int { get }
    func callAsFunction<R: Real>(_ first: R, _ second: R) -> R
}

extension RealKernel {
    static var cost: Int { 0 }
}

extension OperandPair {
    /// Returns the results of `kernel` on floats.
    func combined<Kernel: RealKernel>(_ kernel: Kernel, _ name: String) throws(TensorError) -> Tensor {
        let visitor = RealPairVisitor(kernel: kernel, first: first, second: second)
        return try dtype.computing.acceptReal(visitor, kernel: name).cast(to: dtype)
    }
}

private struct RealPairVisitor<Kernel: RealKernel>: RealVisitor, ElementwisePair {
    let kernel: Kernel
    let first: Tensor
    let second: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try combine(Applied<Kernel, R>(kernel: kernel))
    }
}

/// A kernel for floating-point numbers of one type.
private struct Applied<Kernel: RealKernel, Number: Real>: PairFunction {
    static var cost: Int { Kernel.cost }
    let kernel: Kernel

    @inline(__always)
    func callAsFunction(_ first: Number, _ second: Number) -> Number { kernel(first, second) }
}

extension Operations {
    /// Performs one operation that is made of others: nothing inside records itself.
    static func compose(
        _ name: StaticString,
        _ body: () throws(TensorError) -> Tensor
    ) throws(TensorError) -> Tensor {
        try perform(name) { () throws(TensorError) in try Autograd.unrecorded(body) }
    }
}
