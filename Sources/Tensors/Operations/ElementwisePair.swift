/// A function of two numbers that is applied element by element.
protocol BinaryKernel: Sendable {
    /// What a result costs beside reading and writing, in multiply-adds.
    static var cost: Int { get }
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A
}

extension BinaryKernel {
    static var cost: Int { 0 }
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

/// A function of two numbers of one type.
///
/// It is a type of its own, so that a loop has it inside; a closure that threads share is called for each number.
protocol PairFunction: Sendable {
    associatedtype Number: Scalar
    associatedtype Result: Scalar
    /// What a result costs beside reading and writing, in multiply-adds.
    static var cost: Int { get }
    func callAsFunction(_ first: Number, _ second: Number) -> Result
}

extension PairFunction {
    static var cost: Int { 0 }
}

/// A kernel for numbers of one type.
private struct Applied<Kernel: BinaryKernel, Number: Arithmetic>: PairFunction {
    static var cost: Int { Kernel.cost }
    let kernel: Kernel

    @inline(__always)
    func callAsFunction(_ first: Number, _ second: Number) -> Number { kernel(first, second) }
}

private struct Quotient<Number: Real>: PairFunction {
    @inline(__always)
    func callAsFunction(_ first: Number, _ second: Number) -> Number { first / second }
}

/// One kernel over two tensors of one dtype.
struct BinaryVisitor<Kernel: BinaryKernel>: ArithmeticVisitor {
    let kernel: Kernel
    let first: Tensor
    let second: Tensor

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try combine(Applied<Kernel, A>(kernel: kernel))
    }
}

/// Division, which PyTorch does in floating point only.
struct DivisionVisitor: RealVisitor {
    let first: Tensor
    let second: Tensor

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try combine(Quotient<R>())
    }
}

protocol ElementwisePair: Sendable {
    var first: Tensor { get }
    var second: Tensor { get }
}

extension BinaryVisitor: ElementwisePair {}
extension DivisionVisitor: ElementwisePair {}

extension ElementwisePair {
    /// Returns the results of `body` on the elements that meet when both operands are stretched to one shape.
    @inline(__always)
    func combine<Body: PairFunction>(_ body: Body) throws(TensorError) -> Tensor {
        let plan = try BroadcastPlan(first.shape, second.shape)
        if Body.cost > 0 { try CallMeter.chargeElements(plan.shape.elementCount, cost: Body.cost) }
        let result = try withOperands(plan.shape) { target, first, second in
            if plan.count == plan.shape.elementCount, plan.count >= Self.sharedCount {
                return share(plan, to: target, first, second, body)
            }
            plan.forEachRun { start, firstStart, secondStart in
                run(
                    plan.count,
                    to: target + start,
                    (first + firstStart, plan.firstStep),
                    (second + secondStart, plan.secondStep),
                    body
                )
            }
        }
        return result.laid(like: first, second)
    }

    /// The fewest elements that are worth cutting into parts for several threads.
    private static var sharedCount: Int { 1 << 16 }

    /// Computes a single run in parts.
    @inline(__always)
    private func share<Body: PairFunction>(
        _ plan: BroadcastPlan,
        to target: UnsafeMutablePointer<Body.Result>,
        _ first: UnsafePointer<Body.Number>,
        _ second: UnsafePointer<Body.Number>,
        _ body: Body
    ) {
        nonisolated(unsafe) let (target, first, second) = (target, first, second)
        let (size, count) = (Self.sharedCount / 8, plan.count)
        ProductPlan().share(units: (count + size - 1) / size, work: Double(size) * 4) { units in
            let start = units.lowerBound * size
            run(
                min(count, units.upperBound * size) - start,
                to: target + start,
                (first + start * plan.firstStep, plan.firstStep),
                (second + start * plan.secondStep, plan.secondStep),
                body
            )
        }
    }

    /// Computes one run of results from elements that follow each other (step 1) or stay the same (step 0).
    ///
    /// Each case is a loop that the compiler turns into vector instructions.
    @inline(__always)
    private func run<Body: PairFunction>(
        _ count: Int,
        to target: UnsafeMutablePointer<Body.Result>,
        _ first: (start: UnsafePointer<Body.Number>, step: Int),
        _ second: (start: UnsafePointer<Body.Number>, step: Int),
        _ body: Body
    ) {
        guard count > 0 else { return }
        let (left, right) = (first.start, second.start)
        switch (first.step, second.step) {
        case (0, 0):
            target.initialize(repeating: body(left[0], right[0]), count: count)
        case (0, _):
            let constant = left[0]
            for index in 0..<count { (target + index).initialize(to: body(constant, right[index])) }
        case (_, 0):
            let constant = right[0]
            for index in 0..<count { (target + index).initialize(to: body(left[index], constant)) }
        default:
            for index in 0..<count { (target + index).initialize(to: body(left[index], right[index])) }
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
