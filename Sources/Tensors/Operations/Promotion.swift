extension DType {
    /// The dtype that holds the values of both, as `torch.promote_types`.
    func promoted(with other: DType) throws(TensorError) -> DType {
        if self == other || other == .bool { return self }
        if self == .bool { return other }
        switch (isFloatingPoint, other.isFloatingPoint) {
        case (true, true): return isHalf && other.isHalf ? .float32 : (itemSize > other.itemSize ? self : other)
        case (true, false): return self
        case (false, true): return other
        case (false, false): return try promotedInteger(with: other)
        }
    }

    private func promotedInteger(with other: DType) throws(TensorError) -> DType {
        guard !isBarebones, !other.isBarebones else { throw .noPromotion(self, other) }
        if (self == .uint8 && other == .int8) || (self == .int8 && other == .uint8) { return .int16 }
        return itemSize > other.itemSize || other == .uint8 ? self : other
    }

    private var category: Int { isFloatingPoint ? 2 : (self == .bool ? 0 : 1) }

    /// The dtype of a result of two operands, as `torch.result_type`: an operand of lower rank among numbers in tensors
    /// with axes, tensors without, and plain numbers counts only when it is of a higher category.
    static func result(of first: Tensor, _ second: Tensor, secondIsNumber: Bool) throws(TensorError) -> DType {
        let firstRank = first.rank > 0 ? 2 : 1
        let secondRank = secondIsNumber ? 0 : (second.rank > 0 ? 2 : 1)
        if firstRank == secondRank { return try first.dtype.promoted(with: second.dtype) }
        let (strong, weak) = firstRank > secondRank ? (first.dtype, second.dtype) : (second.dtype, first.dtype)
        guard weak.category > strong.category else { return strong }
        guard secondIsNumber else { return try strong.promoted(with: weak) }
        return weak.isFloatingPoint ? .float32 : try strong.promoted(with: weak)
    }
}
