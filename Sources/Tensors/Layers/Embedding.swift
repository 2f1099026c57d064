extension Tensor {
    /// Returns the rows of `weight` that `indices` name, under the shape of the indices.
    /// - Parameter paddingIndex: A row that gets no gradient.
    public static func embedding(
        weight: Tensor,
        indices: Tensor,
        paddingIndex: Int? = nil
    ) throws(TensorError) -> Tensor {
        guard weight.rank == 2 else { throw .embeddingWeightRank }
        guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .embeddingIndexType(indices.dtype) }
        let places = indices.scalars(as: Int64.self).map { Int(truncatingIfNeeded: $0) }
        guard places.allSatisfy({ (0..<weight.shape[0]).contains($0) }) else { throw .embeddingIndexOutOfRange }
        let shape = try Shape(checking: indices.shape.dimensions + [weight.shape[1]])
        let result = try Operations.perform("embedding") { () throws(TensorError) in
            try weight.picking(places, shape: shape)
        }
        guard Autograd.records(weight) else { return result }
        let form = weight.shape
        let name = NodeName("EmbeddingBackward0", old: "EmbeddingBackward")
        return try result.recorded(name, [weight], saving: [indices]) { gradient, _ in
            let scatter = Scatter(gradient: try gradient.widened(), places: places, skipped: paddingIndex, shape: form)
            return [try gradient.dtype.computing.acceptReal(scatter, kernel: "embedding_backward")]
        }
    }

    /// Returns the rows of this matrix at `places`, one after another.
    private func picking(_ places: [Int], shape: Shape) throws(TensorError) -> Tensor {
        let rowBytes = self.shape[1] * dtype.itemSize
        return try Tensor(uninitialized: dtype, shape: shape) { target in
            withUnsafeBytes { source in
                for (row, place) in places.enumerated() {
                    UnsafeMutableRawBufferPointer(rebasing: target[row * rowBytes..<(row + 1) * rowBytes])
                        .copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: source[place * rowBytes..<(place + 1) * rowBytes])
                        )
                }
            }
        }
    }
}

/// Adds each row of a gradient to the row that it was read from.
private struct Scatter: RealVisitor {
    let gradient: Tensor
    let places: [Int]
    let skipped: Int?
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let width = shape[1]
        return try Tensor(of: R.self, shape: shape) { target throws(TensorError) in
            target.initialize(repeating: 0, count: shape.elementCount)
            try gradient.withScalars(of: R.self) { source in
                for (row, place) in places.enumerated() where place != skipped {
                    for column in 0..<width { target[place * width + column] += source[row * width + column] }
                }
            }
        }
    }
}
