extension Tensor {
    /// Returns the matrices with zeros above the diagonal, which is `diagonal` above the main one.
    public func tril(diagonal: Int = 0) throws(TensorError) -> Tensor {
        guard rank >= 2 else { throw .function(.triangleRank("tril")) }
        let result = try Operations.perform("tril") { () throws(TensorError) in
            try triangle(diagonal, isLower: true)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("TrilBackward0", old: "TrilBackward"), [self]) { gradient, _ in
            [try gradient.triangle(diagonal, isLower: true)]
        }
    }

    /// Returns the matrices with zeros below the diagonal, which is `diagonal` above the main one.
    public func triu(diagonal: Int = 0) throws(TensorError) -> Tensor {
        guard rank >= 2 else { throw .function(.triangleRank("triu")) }
        let result = try Operations.perform("triu") { () throws(TensorError) in
            try triangle(diagonal, isLower: false)
        }
        guard Autograd.records(self) else { return result }
        return try result.recorded(NodeName("TriuBackward0", old: "TriuBackward"), [self]) { gradient, _ in
            [try gradient.triangle(diagonal, isLower: false)]
        }
    }

    private func triangle(_ diagonal: Int, isLower: Bool) throws(TensorError) -> Tensor {
        let (rows, columns) = (shape[rank - 2], shape[rank - 1])
        // Beyond the corners nothing changes; the limits keep sums from overflowing.
        let diagonal = min(max(diagonal, -rows - 1), columns + 1)
        return try Tensor(uninitialized: dtype, shape: shape) { target in
            withUnsafeBytes { target.copyMemory(from: $0) }
            guard elementCount > 0 else { return }
            let size = dtype.itemSize
            for row in 0..<elementCount / columns {
                let edge = min(max(row % rows + diagonal + (isLower ? 1 : 0), 0), columns)
                let zeros = isLower ? edge..<columns : 0..<edge
                let start = row * columns
                let bytes = (start + zeros.lowerBound) * size..<(start + zeros.upperBound) * size
                UnsafeMutableRawBufferPointer(rebasing: target[bytes]).initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
    }
}
