extension Tensor {
    /// Returns what `self[indices] = value` makes of the tensor in PyTorch.
    ///
    /// `value` stretches, and of places that are named twice the last counts. Gradients flow to what is kept and to `value`.
    public func replacing(at indices: [Index], with value: Tensor) throws(TensorError) -> Tensor {
        let numbers = try Tensor.steps(elementCount, stride: 1, axis: 0, of: 1).reshaped(to: shape.dimensions)
        let target = try numbers.item(at: indices)
        let kind = try Assignment(of: indices, in: self)
        let value = try kind.fitting(value, to: target.shape, of: dtype)
        let places = Places(tensor: target, block: 1, source: shape, result: target.shape)
        let result = try Operations.perform(kind.operation) { () throws(TensorError) in
            try detached().written(value.detached(), at: places, adding: false)
        }
        guard Autograd.records(self, value) else { return result }
        return try result.recorded(kind.node, [self, value], saving: [target]) { gradient, needs in
            let gone = try needs[0] ? Tensor.zeros(target.shape, dtype: gradient.dtype) : nil
            return [
                try gone.map { try gradient.detached().written($0, at: places, adding: false) },
                needs[1] ? try gradient.detached().taken(places) : nil,
            ]
        }
    }
}

/// How PyTorch writes: into a part that a view shows, or to places that lists of numbers name.
private struct Assignment {
    let operation: StaticString
    let node: NodeName
    private let isListed: Bool

    init(of indices: [Index], in tensor: Tensor) throws(TensorError) {
        isListed = indices.contains { if case .tensor(let index) = $0 { index.rank > 0 } else { false } }
        let isPart = try !tensor.shows(all: indices)
        operation = isListed ? "index_put_" : "copy_"
        node =
            switch (isPart, isListed) {
            case (true, _): NodeName("CopySlices")
            case (false, true): NodeName("IndexPutBackward0", old: "IndexPutBackward")
            case (false, false): NodeName("CopyBackwards")
            }
    }

    /// Returns `value` as it is written: in `shape`, which axes of one element that lead it may lack, and in `dtype`.
    func fitting(_ value: Tensor, to shape: Shape, of dtype: DType) throws(TensorError) -> Tensor {
        let sizes = Array(value.shape.dimensions.drop { $0 == 1 })
        let value = sizes.count < value.rank ? try value.reshaped(to: sizes) : value
        guard isListed else { return try value.converted(to: dtype).expanded(to: shape) }
        guard value.dtype == dtype else { throw .function(.indexPutType(dtype, value.dtype)) }
        do throws(TensorError) {
            return try value.expanded(to: shape)
        } catch {
            throw .function(.indexPutShape(value.shape.dimensions, shape.dimensions))
        }
    }
}
