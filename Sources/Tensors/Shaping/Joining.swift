extension Tensor {
    /// Returns the tensors one after another along `dim`, in their common dtype; empty vectors are passed over.
    public static func cat(_ tensors: [Tensor], dim: Int = 0) throws(TensorError) -> Tensor {
        guard !tensors.isEmpty else { throw .emptyConcatenation }
        if let place = tensors.firstIndex(where: { $0.rank == 0 }) { throw .function(.scalarConcatenation(place)) }
        let parts = tensors.filter { $0.shape != [0] }
        let form = (parts.first ?? tensors[0]).shape
        // Where all are passed over, PyTorch does not look for the axis.
        let axis = try parts.isEmpty ? 0 : form.axis(dim)
        let dtype = try DType.result(of: tensors.map { .tensor($0) })
        let shape = try Self.joinedShape(tensors, form, axis)
        let result = try Operations.perform("cat") { () throws(TensorError) in
            var converted: [Tensor] = []
            for part in parts where part.elementCount > 0 { converted.append(try part.cast(to: dtype)) }
            return try Joint(parts: converted, axis: axis, shape: shape, dtype: dtype).result()
        }
        guard Autograd.isRecording, parts.contains(where: \.requiresGrad) else { return result }
        let sizes = parts.map { $0.shape[axis] }
        return try result.recorded(NodeName("CatBackward0", old: "CatBackward"), parts) { gradient, needs in
            var (start, gradients) = (0, [Tensor?]())
            for (index, size) in sizes.enumerated() {
                gradients.append(needs[index] ? try gradient.sliced(axis, from: start, count: size) : nil)
                start += size
            }
            return gradients
        }
    }

    /// Returns the tensors, all of one shape, as the slices of a new axis at `dim`.
    public static func stack(_ tensors: [Tensor], dim: Int = 0) throws(TensorError) -> Tensor {
        guard let first = tensors.first else { throw .function(.emptyStack) }
        guard (-first.rank - 1...first.rank).contains(dim) else {
            throw .dimensionOutOfRange(dim, rank: first.rank + 1)
        }
        for (index, tensor) in tensors.enumerated() where tensor.shape != first.shape {
            throw .function(.stackedShapes(first.shape.dimensions, tensor.shape.dimensions, index))
        }
        var slices: [Tensor] = []
        for tensor in tensors { slices.append(try tensor.unsqueezed(dim)) }
        return try cat(slices, dim: dim)
    }

    private static func joinedShape(_ tensors: [Tensor], _ form: Shape, _ axis: Int) throws(TensorError) -> Shape {
        var length = 0
        for (index, tensor) in tensors.enumerated() where tensor.shape != [0] {
            guard tensor.rank == form.rank else { throw .concatenationRanks(form.rank, tensor.rank) }
            for (place, size) in tensor.shape.enumerated() where place != axis && size != form[place] {
                throw .concatenationSizes(expected: form[place], got: size, index: index, dimension: axis)
            }
            let (sum, overflow) = length.addingReportingOverflow(tensor.shape[axis])
            guard !overflow else { throw .storageOverflow(shape: tensor.shape.dimensions) }
            length = sum
        }
        var sizes = form.dimensions
        sizes[axis] = length
        return try Shape(checking: sizes)
    }
}

/// Tensors of one dtype that become one, block by block.
private struct Joint {
    let parts: [Tensor]
    let axis: Int
    let shape: Shape
    let dtype: DType

    func result() throws(TensorError) -> Tensor {
        let outer = AxisView(shape, axis: axis).outer
        return try Tensor(uninitialized: dtype, shape: shape) { target in
            guard let start = target.baseAddress, !target.isEmpty else { return }
            var offset = 0
            for part in parts {
                let block = part.byteCount / outer
                part.withUnsafeBytes { bytes in
                    guard let source = bytes.baseAddress else { return }
                    for index in 0..<outer {
                        (start + (index * (target.count / outer) + offset)).copyMemory(
                            from: source + index * block,
                            byteCount: block
                        )
                    }
                }
                offset += block
            }
        }
    }
}
