extension Tensor {
    /// Returns the channels, `factor` squared at a time, spread over as many pixels: PyTorch's `F.pixel_shuffle`.
    public func pixelShuffle(factor: Int) throws(TensorError) -> Tensor {
        guard rank >= 3 else { throw .layer(.shuffleRank(operation: "pixel_shuffle", rank: rank)) }
        guard factor > 0 else {
            throw .layer(.shuffleFactor(operation: "pixel_shuffle", name: "upscale_factor", factor))
        }
        let (channels, height, width) = (shape[rank - 3], shape[rank - 2], shape[rank - 1])
        let (square, overflow) = factor.multipliedReportingOverflow(by: factor)
        guard !overflow, channels % square == 0 else {
            throw .layer(.shuffledChannels(channels, square: overflow ? .max : square))
        }
        let leading = Array(shape.dropLast(3))
        let (tall, overflow2) = height.multipliedReportingOverflow(by: factor)
        let (wide, overflow3) = width.multipliedReportingOverflow(by: factor)
        guard !overflow2, !overflow3 else { throw .storageOverflow(shape: shape.dimensions) }
        return try arranged(
            leading + [channels / square, factor, factor, height, width],
            order: [0, 3, 1, 4, 2],
            to: leading + [channels / square, tall, wide],
            "pixel_shuffle",
            NodeName("PixelShuffleBackward0", old: "ViewBackward")
        )
    }

    /// Returns the pixels of each square of `factor` by `factor` as channels: PyTorch's `F.pixel_unshuffle`.
    public func pixelUnshuffle(factor: Int) throws(TensorError) -> Tensor {
        guard rank >= 3 else { throw .layer(.shuffleRank(operation: "pixel_unshuffle", rank: rank)) }
        guard factor > 0 else {
            throw .layer(.shuffleFactor(operation: "pixel_unshuffle", name: "downscale_factor", factor))
        }
        let (channels, height, width) = (shape[rank - 3], shape[rank - 2], shape[rank - 1])
        for (name, axis, size) in [("height", -2, height), ("width", -1, width)] where size % factor != 0 {
            throw .layer(.unshuffledSize(name, axis: axis, size: size, factor: factor))
        }
        // PyTorch gives a batch without images back as it is.
        guard elementCount > 0 else { return self }
        let leading = Array(shape.dropLast(3))
        let (square, overflow) = factor.multipliedReportingOverflow(by: factor)
        let (outputs, overflow2) = channels.multipliedReportingOverflow(by: square)
        guard !overflow, !overflow2 else { throw .storageOverflow(shape: shape.dimensions) }
        return try arranged(
            leading + [channels, height / factor, factor, width / factor, factor],
            order: [0, 2, 4, 1, 3],
            to: leading + [outputs, height / factor, width / factor],
            "pixel_unshuffle",
            NodeName("PixelUnshuffleBackward0", old: "ViewBackward")
        )
    }

    /// Returns the channels of `groups` parts dealt out in turn: PyTorch's `F.channel_shuffle`.
    public func channelShuffle(groups: Int) throws(TensorError) -> Tensor {
        guard rank > 2 else { throw .layer(.channelShuffleRank(shape.dimensions)) }
        guard groups > 0 else { throw .layer(.channelShuffleGroups(groups)) }
        let channels = shape[1]
        guard channels % groups == 0 else { throw .layer(.channelShuffleChannels(channels, groups: groups)) }
        let rest = shape.dropFirst(2).reduce(1, *)
        return try arranged(
            [shape[0], groups, channels / groups, rest],
            order: [1, 0, 2],
            to: shape.dimensions,
            "channel_shuffle",
            NodeName("ChannelShuffleBackward0")
        )
    }

    /// Returns the elements of this tensor under `sizes`, whose last axes are put in `order`, under the shape `result`.
    private func arranged(
        _ sizes: [Int],
        order: [Int],
        to result: [Int],
        _ operation: StaticString,
        _ node: NodeName
    ) throws(TensorError) -> Tensor {
        let (form, shape) = (try Shape(checking: sizes), try Shape(checking: result))
        let arranged = try Operations.perform(operation) { () throws(TensorError) in
            try viewed(as: form).permuted(lastAxes: order).viewed(as: shape)
        }
        guard Autograd.records(self) else { return arranged }
        let own = self.shape
        let moved = try Shape(
            checking: Array(sizes.dropLast(order.count))
                + order.map { sizes.suffix(order.count)[sizes.count - order.count + $0] }
        )
        let back = order.indices.map { place in order.firstIndex(of: place) ?? place }
        return try arranged.recorded(node, [self]) { gradient, _ in
            [try gradient.viewed(as: moved).permuted(lastAxes: back).viewed(as: own)]
        }
    }

    /// Returns the tensor with its last axes in `order`, without history; its elements are copied.
    func permuted(lastAxes order: [Int]) throws(TensorError) -> Tensor {
        let sizes = Array(shape.suffix(order.count))
        var strides = [Int](repeating: 1, count: sizes.count)
        for axis in sizes.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * sizes[axis + 1] }
        let result = try Shape(checking: Array(shape.dropLast(order.count)) + order.map { sizes[$0] })
        return try dtype.accept(
            Permutation(tensor: self, sizes: order.map { sizes[$0] }, strides: order.map { strides[$0] }, shape: result)
        )
    }
}

/// Copies blocks of elements whose axes are stepped through by given strides.
private struct Permutation: ScalarVisitor {
    let tensor: Tensor
    let sizes: [Int]
    let strides: [Int]
    let shape: Shape

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
        try Tensor(of: S.self, shape: shape) { target in
            let (source, block) = (tensor.address(of: S.self), sizes.reduce(1, *))
            guard shape.elementCount > 0 else { return }
            for start in stride(from: 0, to: shape.elementCount, by: block) {
                copy(source + start, axis: 0, to: target + start, block)
            }
        }
    }

    @inline(__always)
    private func copy<S: Scalar>(
        _ source: UnsafePointer<S>,
        axis: Int,
        to target: UnsafeMutablePointer<S>,
        _ count: Int
    ) {
        var place = [Int](repeating: 0, count: sizes.count)
        var offset = 0
        for index in 0..<count {
            (target + index).initialize(to: source[offset])
            for axis in sizes.indices.reversed() {
                place[axis] += 1
                offset += strides[axis]
                guard place[axis] == sizes[axis] else { break }
                offset -= strides[axis] * sizes[axis]
                place[axis] = 0
            }
        }
    }
}
