import Tensors

/// What layers do to their first input.
extension ValueSpec {
    /// Each element for itself.
    public static func elementwise(_ inputs: [ValueSpec]) -> ValueSpec {
        .tensor(inputs.first?.tensor ?? .unknown)
    }

    /// The same, where whole numbers and bools become float32.
    var inFloats: ValueSpec {
        guard case .tensor(var spec) = self, let dtype = spec.dtype, !dtype.isFloatingPoint else { return self }
        spec.dtype = .float32
        return .tensor(spec)
    }

    /// The same, where it cannot be told what becomes of whole numbers and bools.
    var inFloatsIfKnown: ValueSpec {
        guard case .tensor(var spec) = self, let dtype = spec.dtype, !dtype.isFloatingPoint else { return self }
        spec.dtype = nil
        return .tensor(spec)
    }

    /// Each last axis for itself; `size` is what it must have, `newSize` what it becomes.
    public static func lastAxis(_ inputs: [ValueSpec], from size: Int?, to newSize: Int?) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let last = spec.shape?.last, let newSize else { return .unknown }
        guard last == .unknown || last.number == size || last.isBatch else { return .unknown }
        return .tensor(spec.resized(-1, to: .fixed(newSize)))
    }

    /// Each of the trailing axes of `sizes` for itself.
    public static func trailingAxes(_ inputs: [ValueSpec], sizes: [Int]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let rank = spec.rank, rank >= sizes.count else { return .unknown }
        let isMixed = spec.batchAxis.map { $0 >= rank - sizes.count } ?? false
        return .tensor(isMixed ? spec.with(rows: .mixed) : spec)
    }

    /// As the first input, whose entries along `dim` meet.
    public static func along(_ inputs: [ValueSpec], _ dim: Int) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let axis = spec.axis(dim) else { return .unknown }
        return .tensor(spec.batchAxis == axis ? spec.with(rows: .mixed) : spec)
    }

    /// As the first input, whose rows meet.
    static func mixed(_ inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor else { return .unknown }
        return .tensor(spec.rows == .none ? spec : spec.with(rows: .mixed))
    }

    /// One image of `axes` axes behind its channels, or each of a batch for itself.
    static func images(
        _ inputs: [ValueSpec],
        axes: Int,
        channels: (Extent) -> Extent = { $0 },
        sizes: ([Extent]) -> [Extent] = { $0 }
    ) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let shape = spec.shape,
            shape.count == axes + 1 || shape.count == axes + 2
        else { return .unknown }
        let first = shape.count - axes - 1
        let isMixed = spec.batchAxis.map { $0 >= first } ?? false
        return .tensor(
            TensorSpec(
                shape: shape[..<first] + [channels(shape[first])] + sizes(Array(shape[(first + 1)...])),
                dtype: spec.dtype,
                rows: isMixed ? .mixed : spec.rows
            )
        )
    }

    /// The squares of images as channels; a batch without images stays as it is, as in PyTorch.
    static func unshuffledImages(_ inputs: [ValueSpec], by factor: Extent) -> ValueSpec {
        if let spec = inputs.first?.tensor, let shape = spec.shape, shape.contains(where: { $0.number == 0 }) {
            return .tensor(spec)
        }
        return images(inputs, axes: 2, channels: { $0 * (factor * factor) }, sizes: { $0.map { $0 / factor } })
    }

    /// The same of images with `count` channels, which become `newCount`.
    static func images(
        _ inputs: [ValueSpec],
        axes: Int,
        from count: Int,
        to newCount: Extent,
        sizes: ([Extent]) -> [Extent]
    ) -> ValueSpec {
        guard let shape = inputs.first?.tensor?.shape, shape.count > axes, shape[shape.count - axes - 1].isOr(count)
        else { return .unknown }
        return images(inputs, axes: axes, channels: { _ in newCount }, sizes: sizes)
    }

    /// Two inputs stretched to one shape, without the axis `dim`, whose entries meet.
    static func reducedPair(_ inputs: [ValueSpec], _ dim: Int, keepDim: Bool) -> ValueSpec {
        let specs = inputs.compactMap(\.tensor)
        guard specs.count == 2 else { return .unknown }
        return .tensor(TensorSpec.broadcast(specs).reduced(over: [dim], keepDim: keepDim))
    }

    /// Whether it is None or False, as arguments are that were not given.
    var isNone: Bool {
        switch self {
        case .constant(.none), .constant(.bool(false)): true
        case .constant, .tensor, .size, .slice, .tuple, .list, .dictionary, .unknown: false
        }
    }
}

extension TensorSpec {
    /// A batch of images with so many channels.
    static func images(channels: Int, axes: Int, _ dtype: DType?) -> TensorSpec {
        let sizes = [Extent](repeating: .unknown, count: axes)
        return TensorSpec(shape: [.batch(1), .fixed(channels)] + sizes, dtype: dtype, rows: .axis(0))
    }

    /// A batch of sequences of vectors of that size.
    static func sequences(batchFirst: Bool, size: Int, _ dtype: DType?) -> TensorSpec {
        let shape: [Extent] = batchFirst ? [.batch(1), .unknown] : [.unknown, .batch(1)]
        return TensorSpec(shape: shape + [.fixed(size)], dtype: dtype, rows: .axis(batchFirst ? 0 : 1))
    }
}

extension TensorSpec.Rows {
    /// The rows of what sequences that go together become, whose batch is `axis` where they have three.
    static func ofSequences(_ specs: [TensorSpec], axis: Int) -> TensorSpec.Rows {
        if specs.allSatisfy({ $0.rows == .none }) { return .none }
        return specs.allSatisfy { $0.rank == 3 && $0.rows == .axis(axis) } ? .axis(axis) : .mixed
    }
}
