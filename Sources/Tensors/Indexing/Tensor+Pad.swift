extension Tensor {
    /// What stands in the elements that padding adds.
    public enum PaddingMode: String, Sendable, CaseIterable {
        case constant, reflect, replicate, circular

        /// Creates the mode that PyTorch calls `name`.
        public init(named name: String) throws(TensorError) {
            guard let mode = Self(rawValue: name) else { throw .function(.paddingMode(name)) }
            self = mode
        }
    }

    /// Returns the tensor with elements added before and after each of the last axes, the last one first in `padding`; negative
    /// numbers take elements away.
    public func pad(_ padding: [Int], mode: PaddingMode = .constant, value: Number? = nil) throws(TensorError) -> Tensor
    {
        guard padding.count.isMultiple(of: 2) else { throw .function(.oddPadding) }
        guard padding.count / 2 <= rank else { throw .function(.paddingLength(padding.count, rank)) }
        guard mode != .constant else { return try padded(padding, value ?? 0) }
        guard value == nil || value?.double == 0 else { throw .function(.paddingValue(mode.rawValue)) }
        let count = padding.count
        guard
            (count == 2 && (2...3).contains(rank)) || (count == 4 && (3...4).contains(rank))
                || (count == 6 && (4...5).contains(rank))
        else { throw .function(.paddingSize(count, rank)) }
        var indices: [Int: [Int64]] = [:]
        for pair in 0..<count / 2 {
            let axis = rank - 1 - pair
            indices[axis] = try mode.indices(shape, axis, padding[2 * pair], padding[2 * pair + 1])
        }
        let name = NodeName("\(mode == .reflect ? "Reflection" : "Replication")Pad\(count / 2)DBackward0")
        return try moved(indices, "pad", mode == .circular ? NodeName("CopySlices") : name)
    }

    private func padded(_ padding: [Int], _ value: Number) throws(TensorError) -> Tensor {
        var (sizes, view, place) = (shape.dimensions, StridedView(shape), [Int](repeating: 0, count: rank))
        for pair in 0..<padding.count / 2 {
            let axis = rank - 1 - pair
            let (before, after) = (padding[2 * pair], padding[2 * pair + 1])
            let kept = try Self.length(sizes[axis], min(before, 0), min(after, 0))
            guard kept >= 0 else { throw .function(.narrowLength) }
            view.slice(axis, from: max(0 &- min(before, 0), 0), count: kept)
            sizes[axis] = try Self.length(kept, max(before, 0), max(after, 0))
            place[axis] = max(before, 0)
        }
        let target = try Shape(checking: sizes)
        var window = StridedView(target)
        for axis in 0..<rank { window.slice(axis, from: place[axis], count: view.axes[axis].size) }
        let (source, frame) = (view, window)
        let result = try Operations.perform("constant_pad_nd") { () throws(TensorError) in
            let filling = try value.tensor(dtype).expanded(to: target)
            return try filling.covered(by: seen(through: source), through: frame)
        }
        guard Autograd.records(self) else { return result }
        let own = shape
        return try result.recorded(NodeName("ConstantPadNdBackward0"), [self]) { gradient, _ in
            [try gradient.detached().seen(through: frame).placed(through: source, in: own)]
        }
    }

    fileprivate static func length(_ size: Int, _ before: Int, _ after: Int) throws(TensorError) -> Int {
        let (half, first) = size.addingReportingOverflow(before)
        let (sum, second) = half.addingReportingOverflow(after)
        guard !first, !second else { throw .storageOverflow(shape: [size, before, after]) }
        return sum
    }

    /// Returns a copy with `elements` where `view` of it shows them.
    private func covered(by elements: Tensor, through view: StridedView) throws(TensorError) -> Tensor {
        let size = dtype.itemSize
        return try Tensor(uninitialized: dtype, shape: shape) { target in
            withUnsafeBytes { target.copyMemory(from: $0) }
            guard let to = target.baseAddress else { return }
            elements.withUnsafeBytes { source in
                guard let from = source.baseAddress else { return }
                view.forEachRun { start, place, count, stride in
                    let (run, length) = stride == 1 ? (1, count) : (count, 1)
                    for index in 0..<run {
                        let (first, next) = (start + index, place + index * stride)
                        (to + next * size).copyMemory(from: from + first * size, byteCount: length * size)
                    }
                }
            }
        }
    }
}

extension Tensor.PaddingMode {
    /// Returns the places along `axis` that the padded axis shows.
    fileprivate func indices(_ shape: Shape, _ axis: Int, _ before: Int, _ after: Int) throws(TensorError) -> [Int64] {
        let size = shape[axis]
        switch self {
        case .reflect where before >= size || after >= size:
            throw .function(.reflection(before, after, axis, shape.dimensions))
        case .circular where before > size || after > size: throw .function(.wrapping)
        default: break
        }
        let kept = try Tensor.length(size, min(before, 0), min(after, 0))
        let length = try Tensor.length(size, before, after)
        guard kept > 0, length > 0 else {
            if self == .circular { throw .function(.emptyCircle) }
            throw .function(.paddedAway(size, length))
        }
        let (bytes, overflow) = length.multipliedReportingOverflow(by: MemoryLayout<Int64>.size)
        guard !overflow else { throw .storageOverflow(shape: [length]) }
        try TensorBody.check(bytes)
        return (0..<length).map { place in
            let index = place - before
            switch self {
            case .constant, .replicate: return Int64(min(max(index, 0), size - 1))
            case .circular: return Int64(max(-before, 0) + ((place - max(before, 0)) % kept + kept) % kept)
            case .reflect:
                let turned = index < 0 ? -index : index
                return Int64(turned >= size ? 2 * (size - 1) - turned : turned)
            }
        }
    }
}
