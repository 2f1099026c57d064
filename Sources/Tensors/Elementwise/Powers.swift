extension Tensor {
    /// Returns each base to the power of its exponent; integers stay integers.
    public static func pow(_ base: Operand, _ exponent: Operand) throws(TensorError) -> Tensor {
        let dtype = try DType.result(of: [base, exponent])
        if case .number(.int(let power)) = exponent, power < 0, !dtype.isFloatingPoint {
            throw .function(.negativeIntegerPower)
        }
        if case (.tensor(let tensor), .number(let power)) = (base, exponent), dtype == .bool {
            return power == .bool(true) ? tensor : try .ones(tensor.shape, dtype: .bool)
        }
        guard dtype != .bool else {
            _ = try base.asTensor().shape.broadcast(with: exponent.asTensor().shape)
            throw .notImplemented(kernel: "pow", .bool)
        }
        let result = try Operations.perform("pow") { () throws(TensorError) in
            let pair = try OperandPair(base, exponent)
            guard case .number(let power) = exponent, dtype.isFloatingPoint else {
                return try pair.combined(Power(), "pow")
            }
            return try pair.raised(to: power.double)
        }
        let inputs = [try base.asTensor(), try exponent.asTensor()]
        guard Autograd.records(inputs[0], inputs[1]) else { return result }
        let rule = PowerRule(base: base.detached, exponent: exponent.detached, result: result.detached())
        let name = NodeName(exponent.isNumber ? "PowBackward0" : "PowBackward1")
        return try result.recorded(name, inputs, saving: inputs.map { $0.detached() } + [result]) { gradient, needs in
            [needs[0] ? try rule.ofBase(gradient) : nil, needs[1] ? try rule.ofExponent(gradient) : nil]
        }
    }

    /// Returns the squares.
    public func square() throws(TensorError) -> Tensor { try .pow(.tensor(self), 2) }

    /// Returns the angles of the points at (`x`, `y`), in radians.
    public static func atan2(_ y: Tensor, _ x: Tensor) throws(TensorError) -> Tensor {
        let result = try Operations.perform("atan2") { () throws(TensorError) in
            let common = try DType.result(of: [.tensor(y), .tensor(x)])
            let dtype = common.isFloatingPoint ? common : .float32
            return try OperandPair(.tensor(y), .tensor(x), as: dtype).combined(Angle(), "atan2_cpu")
        }
        guard Autograd.records(y, x) else { return result }
        let (height, width) = (y.detached(), x.detached())
        return try result.recorded(NodeName("Atan2Backward0", old: "Atan2Backward"), [y, x], saving: [height, width]) {
            gradient,
            needs in
            let square = try height * height + width * width
            // At the origin there is no direction, and no gradient.
            let slope = try Tensor.where(.compare(.equal, .tensor(square), 0), 0, .tensor(gradient / square))
            return [needs[0] ? try slope * width : nil, needs[1] ? try slope * height.negated() : nil]
        }
    }
}

extension Operand {
    /// The same without history.
    var detached: Operand {
        switch self {
        case .tensor(let tensor): .tensor(tensor.detached())
        case .number: self
        }
    }
}

extension OperandPair {
    /// Returns floats to the power of one number; the usual ones are products and roots.
    fileprivate func raised(to power: Double) throws(TensorError) -> Tensor {
        switch power {
        case 2: try combined(Square(), "pow")
        case 0.5: try combined(SquareRoot(), "pow")
        default: try combined(Power(), "pow")
        }
    }
}

/// How a power goes backward.
private struct PowerRule: Sendable {
    let base: Operand
    let exponent: Operand
    let result: Tensor

    /// g e b^(e - 1), but nothing where the exponent is zero.
    func ofBase(_ gradient: Tensor) throws(TensorError) -> Tensor {
        switch exponent {
        case .number(let number):
            guard number.double != 0 else { return try .zeros(gradient.shape, dtype: gradient.dtype) }
            let less: Number = if case .int(let value) = number { .int(value &- 1) } else { .double(number.double - 1) }
            return try gradient * (Tensor.pow(base, .number(less)) * number.double)
        case .tensor(let exponent):
            let slope = try gradient * (exponent * Tensor.pow(base, .tensor(exponent - 1)))
            return try .where(.compare(.equal, .tensor(exponent), 0), 0, .tensor(slope))
        }
    }

    /// g b^e log b, but nothing where the base is zero and the exponent is not negative.
    func ofExponent(_ gradient: Tensor) throws(TensorError) -> Tensor {
        let floats = try base.asTensor().converted(to: result.dtype)
        let slope = try gradient * (result * floats.log())
        let vanishes = try Tensor.logical(
            .and,
            .compare(.equal, base, 0),
            .compare(.greaterOrEqual, exponent, 0)
        )
        return try .where(vanishes, 0, .tensor(slope))
    }
}

private struct Power: BinaryKernel {
    static let cost = CallMeter.scalarCost

    @inline(__always)
    func callAsFunction<A: Arithmetic>(_ first: A, _ second: A) -> A { A.power(first, second) }
}

private struct Square: RealKernel {
    @inline(__always)
    func callAsFunction<R: Real>(_ first: R, _ second: R) -> R { first * first }
}

private struct SquareRoot: RealKernel {
    @inline(__always)
    func callAsFunction<R: Real>(_ first: R, _ second: R) -> R { first.squareRoot() }
}

private struct Angle: RealKernel {
    static let cost = CallMeter.scalarCost

    @inline(__always)
    func callAsFunction<R: Real>(_ first: R, _ second: R) -> R { first.angle(at: second) }
}
