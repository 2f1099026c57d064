extension Tensor {
    /// Returns the tensor with `value`, stretched to them, in place of the elements that `indices` name: what
    /// `tensor[indices] = value` leaves in PyTorch.
    public func replacing(at indices: [Index], with value: Tensor) throws(TensorError) -> Tensor {
        let count = Number.int(Int64(elementCount))
        let places = try Tensor.arange(to: count, dtype: .int64).reshaped(to: shape).item(at: indices)
        // Axes of one entry in front of what is assigned do not count.
        let spare = max(0, value.rank - places.rank)
        let surplus = value.shape.prefix(spare).allSatisfy { $0 == 1 } ? spare : 0
        let sizes = Array(value.shape.dropFirst(surplus))
        let values = try value.converted(to: dtype).reshaped(to: sizes).expanded(to: places.shape)
        return try flattened().scatter(0, places.flattened(), .tensor(values.flattened())).reshaped(to: shape)
    }
}
