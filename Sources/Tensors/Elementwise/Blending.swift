extension Tensor {
    /// Returns the smaller of each two elements; NaN is smaller than all else.
    public static func minimum(_ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
        try extreme("minimum", "MinimumBackward0", Smaller(), "minimum_cpu", .less, first, second)
    }

    /// Returns the larger of each two elements; NaN is larger than all else.
    public static func maximum(_ first: Tensor, _ second: Tensor) throws(TensorError) -> Tensor {
        try extreme("maximum", "MaximumBackward0", Larger(), "maximum_cpu", .greater, first, second)
    }

    /// The gradient goes to the operand that was taken; among equals each gets half.
    private static func extreme<Kernel: BinaryKernel>(
        _ operation: StaticString,
        _ node: String,
        _ kernel: Kernel,
        _ name: String,
        _ comparison: Comparison,
        _ first: Tensor,
        _ second: Tensor
    ) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in
            try OperandPair(.tensor(first), .tensor(second)).combined(kernel, name)
        }
        guard Autograd.records(first, second) else { return result }
        let (left, right) = (first.detached(), second.detached())
        return try result.recorded(NodeName(node), [first, second], saving: [left, right]) { gradient, needs in
            let half = try Tensor.where(
                .compare(.equal, .tensor(left), .tensor(right)),
                .tensor(gradient / 2),
                .tensor(gradient)
            )
            func share(_ own: Tensor, _ other: Tensor) throws(TensorError) -> Tensor {
                try half.maskedFill(.compare(comparison, .tensor(other), .tensor(own)), 0)
            }
            return [needs[0] ? try share(left, right) : nil, needs[1] ? try share(right, left) : nil]
        }
    }

    /// Returns the elements limited to `min` and `max`, either of which may be missing, by PyTorch's promotion.
    public func clamp(min: Operand? = nil, max: Operand? = nil) throws(TensorError) -> Tensor {
        guard min != nil || max != nil else { throw .function(.clampWithoutBounds) }
        if min?.isNumber ?? true, max?.isNumber ?? true {
            return try clamped(between: min, max)
        }
        var result = self
        if let min { result = try .bounded("clamp_min", "ClampMinBackward1", .less, Larger(), result, min) }
        if let max { result = try .bounded("clamp_max", "ClampMaxBackward1", .greater, Smaller(), result, max) }
        return result
    }

    private func clamped(between min: Operand?, _ max: Operand?) throws(TensorError) -> Tensor {
        let dtype = try DType.result(of: [.tensor(self)] + [min, max].compactMap { $0 })
        func number(_ bound: Operand?) throws(TensorError) -> Tensor? { try bound?.asTensor() }
        guard dtype != .bool else {
            let kernel = max == nil ? "clamp_min_scalar_cpu" : min == nil ? "clamp_max_scalar_cpu" : "clamp_scalar_cpu"
            throw .notImplemented(kernel: kernel, dtype)
        }
        guard dtype.isFloatingPoint else {
            let (low, high) = (try number(min)?.scalars(as: Int64.self)[0], try number(max)?.scalars(as: Int64.self)[0])
            return try converted(to: dtype).clampedIntegers(min: low, max: high)
        }
        return try converted(to: dtype).clamped(min: number(min)?.item(), max: number(max)?.item())
    }

    /// The gradient goes to the bound where it was passed, and to the element elsewhere.
    private static func bounded<Kernel: BinaryKernel>(
        _ operation: StaticString,
        _ node: String,
        _ comparison: Comparison,
        _ kernel: Kernel,
        _ tensor: Tensor,
        _ bound: Operand
    ) throws(TensorError) -> Tensor {
        let limit = try bound.asTensor()
        let result = try Operations.perform(operation) { () throws(TensorError) in
            try OperandPair(.tensor(tensor), bound).combined(kernel, "clamp_cpu")
        }
        guard Autograd.records(tensor, limit) else { return result }
        let passes = try compare(comparison, .tensor(tensor.detached()), bound.detached)
        return try result.recorded(NodeName(node), [tensor, limit], saving: [passes]) { gradient, needs in
            [
                needs[0] ? try .where(passes, 0, .tensor(gradient)) : nil,
                needs[1] ? try .where(passes, .tensor(gradient), 0) : nil,
            ]
        }
    }
}

extension Tensor {
    /// Returns the elements moved toward those of `end` by the part `weight` of the way.
    public func lerp(_ end: Tensor, _ weight: Operand) throws(TensorError) -> Tensor {
        guard end.dtype == dtype else { throw .function(.lerpType("end", end.dtype, expected: dtype)) }
        if case .tensor(let weight) = weight {
            let common = try DType.result(of: [.tensor(self), .tensor(end), .tensor(weight)])
            if weight.rank == 0, common != dtype {
                return try converted(to: common).lerp(end.converted(to: common), .tensor(weight))
            }
            guard weight.rank == 0 || weight.dtype == dtype else {
                throw .function(.lerpType("weight", weight.dtype, expected: dtype))
            }
        }
        let kernel = weight.isNumber ? "lerp_kernel_scalar" : "lerp_kernel_tensor"
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: kernel, dtype) }
        let part = try weight.asTensor()
        let (start, goal, fraction) = (detached(), end.detached(), part.detached())
        let result = try Operations.compose("lerp") { () throws(TensorError) in
            let (from, to) = (try start.widened(), try goal.widened())
            let way = try fraction.cast(to: dtype.computing)
            let near = try from + way * (to - from)
            let far = try to - (to - from) * (way.negated() + 1)
            return try Tensor.where(.compare(.less, .tensor(way.abs()), 0.5), .tensor(near), .tensor(far)).cast(
                to: dtype
            )
        }
        guard Autograd.records(self, end, part) else { return result }
        let name = NodeName(weight.isNumber ? "LerpBackward0" : "LerpBackward1")
        return try result.recorded(name, [self, end, part], saving: [start, goal, fraction]) { gradient, needs in
            let way = try fraction.cast(to: gradient.dtype)
            return [
                needs[0] ? try gradient * (way.negated() + 1) : nil,
                needs[1] ? try gradient * way : nil,
                needs[2] ? try gradient * (goal - start) : nil,
            ]
        }
    }

    /// Returns the elements plus `value` times the products of `first` and `second`.
    public func addcmul(_ first: Tensor, _ second: Tensor, value: Number = 1) throws(TensorError) -> Tensor {
        let dtype = try DType.result(of: [.tensor(self), .tensor(first), .tensor(second)])
        guard dtype != .bool else { throw .notImplemented(kernel: "addcmul_cpu_out", .bool) }
        let factor = try value.tensor().cast(to: dtype.computing)
        let (left, right) = (try first.detached().cast(to: dtype), try second.detached().cast(to: dtype))
        let result = try Operations.compose("addcmul") { () throws(TensorError) in
            let product = try left.widened() * right.widened() * factor
            return try (detached().cast(to: dtype).widened() + product).cast(to: dtype)
        }
        guard Autograd.records(self, first, second) else { return result }
        return try result.recorded(NodeName("AddcmulBackward0"), [self, first, second], saving: [left, right]) {
            gradient,
            needs in
            let scaled = try gradient * value.double
            return [gradient, needs[1] ? try scaled * right : nil, needs[2] ? try scaled * left : nil]
        }
    }

    /// Returns the elements plus `value` times the quotients of `first` and `second`.
    public func addcdiv(_ first: Tensor, _ second: Tensor, value: Number = 1) throws(TensorError) -> Tensor {
        guard first.dtype.isFloatingPoint || second.dtype.isFloatingPoint else { throw .function(.integerAddcdiv) }
        let dtype = try DType.result(of: [.tensor(self), .tensor(first), .tensor(second)])
        let (left, right) = (try first.detached().cast(to: dtype), try second.detached().cast(to: dtype))
        let result = try Operations.compose("addcdiv") { () throws(TensorError) in
            let quotient = try left.widened() * value.double / right.widened()
            return try (detached().cast(to: dtype).widened() + quotient).cast(to: dtype)
        }
        guard Autograd.records(self, first, second) else { return result }
        return try result.recorded(NodeName("AddcdivBackward0"), [self, first, second], saving: [left, right]) {
            gradient,
            needs in
            let slope = try gradient * value.double / right
            return [gradient, needs[1] ? slope : nil, needs[2] ? try slope.negated() * left / right : nil]
        }
    }
}

private struct Smaller: BinaryKernel {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A {
        A.isLess(second, first) || !A.isEqual(second, second) ? second : first
    }
}

private struct Larger: BinaryKernel {
    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A {
        A.isLess(first, second) || !A.isEqual(second, second) ? second : first
    }
}
