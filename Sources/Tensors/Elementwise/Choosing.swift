extension Tensor {
    /// Returns the elements of `first` where `condition` is true, and of `second` elsewhere.
    public static func `where`(
        _ condition: Tensor,
        _ first: Operand,
        _ second: Operand
    ) throws(TensorError) -> Tensor {
        guard condition.dtype == .bool || condition.dtype == .uint8 else {
            throw .function(.conditionType(condition.dtype))
        }
        let dtype = try DType.result(of: [first, second])
        let mask = try condition.cast(to: .bool)
        let inputs = [try first.asTensor(), try second.asTensor()]
        let result = try Operations.perform("where") { () throws(TensorError) in
            let shape = try mask.shape.broadcast(with: inputs[0].shape.broadcast(with: inputs[1].shape))
            return try Choice(
                mask: mask.expanded(to: shape),
                first: inputs[0].cast(to: dtype),
                second: inputs[1].cast(to: dtype)
            ).result()
        }
        guard Autograd.records(inputs[0], inputs[1]) else { return result }
        return try result.recorded(NodeName("WhereBackward0", old: "SWhereBackward"), inputs, saving: [mask]) {
            gradient,
            needs in
            [
                needs[0] ? try .where(mask, .tensor(gradient), 0) : nil,
                needs[1] ? try .where(mask, 0, .tensor(gradient)) : nil,
            ]
        }
    }

    /// Returns the elements with `value` where `mask` is true.
    public func maskedFill(_ mask: Tensor, _ value: Operand) throws(TensorError) -> Tensor {
        guard mask.dtype == .bool else { throw .function(.maskType(mask.dtype)) }
        let filling: Tensor
        switch value {
        case .number(let number): filling = try number.tensor(filling: dtype)
        case .tensor(let tensor):
            guard tensor.rank == 0 else { throw .function(.fillingRank(tensor.rank)) }
            filling = tensor
        }
        let mask = mask.detached()
        let result = try Operations.perform("masked_fill") { () throws(TensorError) in
            // Mismatches are told with the mask's size first.
            let shape = try mask.shape.broadcast(with: shape)
            return try Choice(mask: mask.expanded(to: shape), first: filling.cast(to: dtype), second: detached())
                .result()
        }
        guard Autograd.records(self, filling) else { return result }
        let name = NodeName(value.isNumber ? "MaskedFillBackward0" : "MaskedFillBackward1")
        return try result.recorded(name, [self, filling], saving: [mask]) { gradient, needs in
            [
                needs[0] ? try .where(mask, 0, .tensor(gradient)) : nil,
                needs[1] ? try Tensor.where(mask, .tensor(gradient), 0).sum() : nil,
            ]
        }
    }
}

extension Number {
    /// The number as a tensor of `dtype`; beyond the range of a half it is refused too.
    fileprivate func tensor(filling dtype: DType) throws(TensorError) -> Tensor {
        if dtype.isHalf || dtype == .float32, double.isFinite {
            let limit: Double =
                switch dtype {
                case .float16: 65504
                case .bfloat16: 0x1.FEp127
                default: Double(Float.greatestFiniteMagnitude)
                }
            guard abs(double) <= limit else { throw .function(.floatOverflow(dtype)) }
        }
        return try tensor(dtype)
    }
}

/// The elements of one tensor where a mask is true and of another elsewhere; all are stretched to the mask's shape.
private struct Choice {
    let mask: Tensor
    let first: Tensor
    let second: Tensor

    func result() throws(TensorError) -> Tensor { try first.dtype.accept(self) }
}

extension Choice: ScalarVisitor {
    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        let shape = mask.shape
        let (first, firstStep) = first.rank == 0 ? (first, 0) : (try first.expanded(to: shape), 1)
        let (second, secondStep) = second.rank == 0 ? (second, 0) : (try second.expanded(to: shape), 1)
        return try Tensor(of: S.self, shape: shape) { target throws(TensorError) in
            defer { withExtendedLifetime((mask, first, second)) {} }
            let (mask, first, second) = (
                mask.address(of: Bool.self), first.address(of: S.self), second.address(of: S.self)
            )
            for index in 0..<shape.elementCount {
                let value = mask[index] ? first[index * firstStep] : second[index * secondStep]
                (target + index).initialize(to: value)
            }
        }.laid(like: [mask, first, second])
    }
}
