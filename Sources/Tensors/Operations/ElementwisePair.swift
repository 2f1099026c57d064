/// A function of two numbers that is applied element by element.
protocol BinaryKernel: Sendable {
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A
}

struct Addition: BinaryKernel {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.sum(first, second) }
}

struct Subtraction: BinaryKernel {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.difference(first, second) }
}

struct Multiplication: BinaryKernel {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.product(first, second) }
}

/// One kernel over two tensors of one dtype.
struct BinaryVisitor<Kernel: BinaryKernel>: ArithmeticVisitor {
    let kernel: Kernel
    let first: Tensor
    let second: Tensor

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try combine(A.self) { kernel($0, $1) }
    }
}

/// Division, which PyTorch does in floating point only.
struct DivisionVisitor: RealVisitor {
    let first: Tensor
    let second: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try combine(R.self) { $0 / $1 }
    }
}

protocol ElementwisePair {
    var first: Tensor { get }
    var second: Tensor { get }
}

extension BinaryVisitor: ElementwisePair {}
extension DivisionVisitor: ElementwisePair {}

extension ElementwisePair {
    /// Returns the results of `body` on the elements that meet when both operands are stretched to one shape.
    @inline(__always)
    func combine<S: Scalar, Result: Scalar>(
        _ type: S.Type,
        _ body: (S, S) -> Result
    ) throws(TensorError) -> Tensor {
        if first.shape == second.shape { return try combineRuns(withConstant: false, shape: first.shape, body) }
        if second.elementCount == 1, second.rank <= first.rank {
            return try combineRuns(withConstant: true, shape: first.shape, body)
        }
        let plan = try BroadcastPlan(first.shape, second.shape)
        let (count, firstStep, secondStep) = (plan.shape.last ?? 1, plan.first.last ?? 0, plan.second.last ?? 0)
        return try withOperands(plan.shape) { (target: UnsafeMutablePointer<Result>, first: UnsafePointer<S>, second) in
            plan.forEachRun { run, firstStart, secondStart in
                let (target, first, second) = (target + run, first + firstStart, second + secondStart)
                for index in 0..<count {
                    (target + index).initialize(to: body(first[index * firstStep], second[index * secondStep]))
                }
            }
        }
    }

    /// The case of one run over everything, which the compiler turns into vector instructions.
    @inline(__always)
    private func combineRuns<S: Scalar, Result: Scalar>(
        withConstant: Bool,
        shape: Shape,
        _ body: (S, S) -> Result
    ) throws(TensorError) -> Tensor {
        try withOperands(shape) { (target: UnsafeMutablePointer<Result>, first: UnsafePointer<S>, second) in
            if !withConstant {
                for index in 0..<shape.elementCount {
                    (target + index).initialize(to: body(first[index], second[index]))
                }
            } else {
                let constant = second[0]
                for index in 0..<shape.elementCount { (target + index).initialize(to: body(first[index], constant)) }
            }
        }
    }

    @inline(__always)
    private func withOperands<S: Scalar, Result: Scalar>(
        _ shape: Shape,
        _ body: (UnsafeMutablePointer<Result>, UnsafePointer<S>, UnsafePointer<S>) throws(TensorError) -> Void
    ) throws(TensorError) -> Tensor {
        try Tensor(of: Result.self, shape: shape) { target throws(TensorError) in
            try first.withScalars(of: S.self) { first throws(TensorError) in
                try second.withScalars(of: S.self) { second throws(TensorError) in try body(target, first, second) }
            }
        }
    }
}
