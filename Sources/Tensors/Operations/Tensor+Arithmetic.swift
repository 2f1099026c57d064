extension Tensor {
    /// Returns the sum, element by element, of operands stretched to one shape and promoted to one dtype.
    public static func + (first: Tensor, second: Tensor) throws(TensorError) -> Tensor {
        try sum(first, second, secondIsNumber: false)
    }

    /// Returns the difference, element by element, of operands stretched to one shape and promoted to one dtype.
    public static func - (first: Tensor, second: Tensor) throws(TensorError) -> Tensor {
        try difference(first, second, secondIsNumber: false)
    }

    /// Returns the product, element by element, of operands stretched to one shape and promoted to one dtype.
    public static func * (first: Tensor, second: Tensor) throws(TensorError) -> Tensor {
        try product(first, second, secondIsNumber: false)
    }

    /// Returns the quotient, element by element, of operands stretched to one shape; integers divide to floats.
    public static func / (first: Tensor, second: Tensor) throws(TensorError) -> Tensor {
        try quotient(first, second, secondIsNumber: false)
    }

    /// Returns each element plus `number`, which does not widen a float dtype.
    public static func + (first: Tensor, number: Double) throws(TensorError) -> Tensor {
        try sum(first, operand(number, beside: first), secondIsNumber: true)
    }

    /// Returns each element minus `number`, which does not widen a float dtype.
    public static func - (first: Tensor, number: Double) throws(TensorError) -> Tensor {
        try difference(first, operand(number, beside: first), secondIsNumber: true)
    }

    /// Returns each element times `number`, which does not widen a float dtype.
    public static func * (first: Tensor, number: Double) throws(TensorError) -> Tensor {
        try product(first, operand(number, beside: first), secondIsNumber: true)
    }

    /// Returns each element divided by `number`, which does not widen a float dtype.
    public static func / (first: Tensor, number: Double) throws(TensorError) -> Tensor {
        try quotient(first, operand(number, beside: first), secondIsNumber: true)
    }

    /// Returns the elements with their signs changed.
    public func negated() throws(TensorError) -> Tensor {
        guard dtype != .bool else { throw .boolNegation }
        let result = try Operations.perform("neg") { () throws(TensorError) in
            let wide = try widened()
            let minusOne = try Tensor(scalar: -1 as Int64).cast(to: wide.dtype)
            return try wide.dtype.acceptArithmetic(
                BinaryVisitor(kernel: Multiplication(), first: wide, second: minusOne),
                kernel: "neg_cpu"
            ).cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("NegBackward0", old: "NegBackward"), [self]) { gradient, _ in
            [try gradient.negated()]
        }
    }
}

extension Tensor {
    /// Returns a number as an operand, where it can be in the dtype that it will be computed in.
    private static func operand(_ value: Double, beside tensor: Tensor) throws(TensorError) -> Tensor {
        tensor.dtype == .float32 ? try Tensor(scalar: Float(value)) : try Tensor(scalar: value)
    }

    static func sum(_ first: Tensor, _ second: Tensor, secondIsNumber: Bool) throws(TensorError) -> Tensor {
        let result = try combine("add", "add_stub", Addition(), first, second, secondIsNumber, rounding: true)
        guard Autograd.records(first, second) else { return result }
        return try result.recorded(.add, [first, second]) { gradient, _ in [gradient, gradient] }
    }

    static func difference(
        _ first: Tensor,
        _ second: Tensor,
        secondIsNumber: Bool
    ) throws(TensorError) -> Tensor {
        guard first.dtype != .bool, second.dtype != .bool else {
            throw first.dtype == second.dtype ? .boolSubtraction : .boolOperandSubtraction
        }
        let result = try combine("sub", "sub_stub", Subtraction(), first, second, secondIsNumber, rounding: true)
        guard Autograd.records(first, second) else { return result }
        return try result.recorded(NodeName("SubBackward0"), [first, second]) { gradient, needs in
            [gradient, needs[1] ? try gradient.negated() : nil]
        }
    }

    static func product(
        _ first: Tensor,
        _ second: Tensor,
        secondIsNumber: Bool
    ) throws(TensorError) -> Tensor {
        let result = try combine("mul", "mul_cpu", Multiplication(), first, second, secondIsNumber, rounding: false)
        guard Autograd.records(first, second) else { return result }
        let saved = (first.detached(), second.detached())
        return try result.recorded(NodeName("MulBackward0"), [first, second], saving: [saved.0, saved.1]) {
            gradient,
            needs in
            [
                needs[0] ? try product(gradient, saved.1, secondIsNumber: secondIsNumber) : nil,
                needs[1] ? try gradient * saved.0 : nil,
            ]
        }
    }

    static func quotient(
        _ first: Tensor,
        _ second: Tensor,
        secondIsNumber: Bool
    ) throws(TensorError) -> Tensor {
        let common = try DType.result(of: first, second, secondIsNumber: secondIsNumber)
        let dtype = common.isFloatingPoint ? common : .float32
        let result = try Operations.perform("div") { () throws(TensorError) in
            let visitor = DivisionVisitor(
                first: try first.cast(to: dtype.computing),
                second: try second.cast(to: dtype.computing)
            )
            return try dtype.computing.acceptReal(visitor, kernel: "div_cpu").cast(to: dtype)
        }
        guard Autograd.records(first, second) else { return result }
        let (dividend, divisor) = (first.detached(), second.detached())
        return try result.recorded(NodeName("DivBackward0"), [first, second], saving: [dividend, divisor]) {
            gradient,
            needs in
            let isNumber = secondIsNumber
            let slope =
                needs[1]
                ? try quotient(quotient(dividend, divisor, secondIsNumber: isNumber), divisor, secondIsNumber: isNumber)
                : nil
            return [
                needs[0] ? try quotient(gradient, divisor, secondIsNumber: isNumber) : nil,
                try slope.map { try gradient.negated() * $0 },
            ]
        }
    }

    /// Returns the elements combined by `kernel`, computed in the common dtype.
    /// - Parameter rounding: Whether PyTorch rounds the second operand to a half before it computes in float32.
    private static func combine<Kernel: BinaryKernel>(
        _ operation: StaticString,
        _ name: String,
        _ kernel: Kernel,
        _ first: Tensor,
        _ second: Tensor,
        _ secondIsNumber: Bool,
        rounding: Bool
    ) throws(TensorError) -> Tensor {
        try Operations.perform(operation) { () throws(TensorError) in
            let dtype = try DType.result(of: first, second, secondIsNumber: secondIsNumber)
            let visitor = BinaryVisitor(
                kernel: kernel,
                first: try first.cast(to: dtype.computing),
                second: try second.cast(to: rounding ? dtype : dtype.computing).cast(to: dtype.computing)
            )
            return try dtype.computing.acceptArithmetic(visitor, kernel: name).cast(to: dtype)
        }
    }
}
