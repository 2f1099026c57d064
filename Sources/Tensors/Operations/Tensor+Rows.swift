extension Tensor {
    /// Returns the slices of the first axis in `range`; they share the storage.
    public func rows(_ range: Range<Int>) throws(TensorError) -> Tensor {
        guard rank > 0 else { throw .dimensionOutOfRange(0, rank: 0) }
        guard range.lowerBound >= 0, range.upperBound <= shape[0] else {
            throw .sliceOutOfBounds(start: range.lowerBound, length: range.count, size: shape[0])
        }
        let rowCount = shape.dropFirst().reduce(1, *)
        let sizes = [range.count] + shape.dropFirst()
        let result = Tensor(
            TensorBody(
                viewing: body,
                from: range.lowerBound * rowCount * dtype.itemSize,
                as: try Shape(checking: sizes)
            )
        )
        guard Autograd.records(self) else { return result }
        let own = shape
        return try result.recorded(NodeName("SliceBackward0", old: "SliceBackward"), [self]) { gradient, _ in
            let before = try Shape(checking: [range.lowerBound] + own.dropFirst())
            let after = try Shape(checking: [own[0] - range.upperBound] + own.dropFirst())
            let parts = [
                try Tensor.zeros(before, dtype: gradient.dtype), gradient,
                try Tensor.zeros(after, dtype: gradient.dtype),
            ]
            return [try Tensor.joined(parts, shape: own)]
        }
    }

    /// Returns the tensors one after another along the first axis; their other axes must agree.
    public static func concatenated(_ tensors: [Tensor]) throws(TensorError) -> Tensor {
        guard let first = tensors.first else { throw .emptyConcatenation }
        guard first.rank > 0 else { throw .dimensionOutOfRange(0, rank: 0) }
        var (rows, dtype) = (0, first.dtype)
        for (index, tensor) in tensors.enumerated() {
            guard tensor.rank == first.rank else { throw .concatenationRanks(first.rank, tensor.rank) }
            for (axis, size) in tensor.shape.enumerated().dropFirst() where size != first.shape[axis] {
                throw .concatenationSizes(expected: first.shape[axis], got: size, index: index, dimension: 0)
            }
            let (sum, overflow) = rows.addingReportingOverflow(tensor.shape[0])
            guard !overflow else { throw .storageOverflow(shape: tensor.shape.dimensions) }
            rows = sum
            dtype = try dtype.promoted(with: tensor.dtype)
        }
        return try concatenated(tensors, shape: try Shape(checking: [rows] + first.shape.dropFirst()), dtype: dtype)
    }

    private static func concatenated(
        _ tensors: [Tensor],
        shape: Shape,
        dtype: DType
    ) throws(TensorError) -> Tensor {
        let result = try Operations.perform("cat") { () throws(TensorError) in
            var parts: [Tensor] = []
            for tensor in tensors { parts.append(try tensor.cast(to: dtype)) }
            return try joined(parts, shape: shape)
        }
        guard Autograd.isRecording, tensors.contains(where: \.requiresGrad) else { return result }
        let counts = tensors.map { $0.shape[0] }
        return try result.recorded(NodeName("CatBackward0", old: "CatBackward"), tensors) { gradient, _ in
            var start = 0
            return try counts.map { count in
                defer { start += count }
                return try gradient.rows(start..<start + count)
            }
        }
    }

    /// Returns the elements of `parts`, all of one dtype, one after another under `shape`.
    static func joined(_ parts: [Tensor], shape: Shape) throws(TensorError) -> Tensor {
        try Tensor(uninitialized: parts.first?.dtype ?? .float32, shape: shape) { target in
            var offset = 0
            for part in parts {
                part.withUnsafeBytes { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + bytes.count]).copyMemory(
                        from: bytes
                    )
                }
                offset += part.byteCount
            }
        }
    }
}
