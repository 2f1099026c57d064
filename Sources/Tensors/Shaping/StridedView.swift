/// The elements of a tensor under other axes: where the first lies, and how far a step along each axis goes.
struct StridedView: Sendable {
    /// One axis: its size, and the distance between neighbours in elements; negative for one that runs backward.
    struct Axis: Sendable, Equatable {
        var size: Int
        var stride: Int
        /// The distance between neighbours in PyTorch's tensor, whose elements may lie otherwise.
        var step = 0
    }

    var axes: [Axis]
    var offset = 0

    /// Sees a tensor of `shape` as it lies.
    init(_ shape: Shape) {
        var stride = 1
        axes = shape.map { Axis(size: $0, stride: 0) }
        for axis in axes.indices.reversed() {
            (axes[axis].stride, axes[axis].step) = (stride, stride)
            stride *= max(axes[axis].size, 1)
        }
    }

    /// Sees `tensor` as it lies, here and in PyTorch.
    init(_ tensor: Tensor) {
        self.init(tensor.shape)
        for (axis, step) in (tensor.body.strides ?? []).enumerated() { axes[axis].step = step }
    }

    /// The shape that is seen.
    var shape: Shape { get throws(TensorError) { try Shape(checking: axes.map(\.size)) } }

    /// Keeps `count` elements along `axis`, every `step`th from `start` on.
    mutating func slice(_ axis: Int, from start: Int, count: Int, step: Int = 1) {
        offset += count > 0 ? start * axes[axis].stride : 0
        axes[axis] = Axis(size: count, stride: axes[axis].stride &* step, step: axes[axis].step &* step)
    }

    /// Takes the element at `index` of `axis`, which vanishes.
    mutating func select(_ axis: Int, at index: Int) {
        offset += index * axes[axis].stride
        axes.remove(at: axis)
    }

    /// Puts an axis of one entry before `place`.
    mutating func insert(at place: Int) {
        let step = place < axes.count ? max(axes[place].size, 1) &* axes[place].step : 1
        axes.insert(Axis(size: 1, stride: 0, step: step), at: place)
    }

    /// Turns `axis` round.
    mutating func flip(_ axis: Int) {
        guard axes[axis].size > 0 else { return }
        offset += (axes[axis].size - 1) * axes[axis].stride
        axes[axis].stride = -axes[axis].stride
    }

    /// The fewest axes that lie in the same way: those of one element are left out, neighbours that continue each other joined.
    private var merged: [Axis] {
        var merged: [Axis] = []
        for axis in axes where axis.size != 1 {
            guard let last = merged.last, last.stride == axis.stride * axis.size else {
                merged.append(axis)
                continue
            }
            merged[merged.count - 1] = Axis(size: last.size * axis.size, stride: axis.stride)
        }
        return merged
    }

    /// Whether the elements lie one after another.
    var isContiguous: Bool {
        let merged = merged
        return merged.isEmpty || (merged.count == 1 && merged[0].stride == 1)
    }

    /// Calls `body` for each run along the last axis: where it starts in the result and in the operand, its length, and the
    /// distance between its neighbours in the operand.
    @inline(__always)
    func forEachRun(_ body: (_ target: Int, _ source: Int, _ count: Int, _ stride: Int) -> Void) {
        guard axes.allSatisfy({ $0.size > 0 }) else { return }
        var outer = merged
        let inner = outer.popLast() ?? Axis(size: 1, stride: 1)
        let runs = outer.reduce(1) { $0 * $1.size }
        var position = [Int](repeating: 0, count: outer.count)
        var source = offset
        for run in 0..<runs {
            body(run * inner.size, source, inner.size, inner.stride)
            for axis in outer.indices.reversed() {
                position[axis] += 1
                source += outer[axis].stride
                guard position[axis] == outer[axis].size else { break }
                source -= outer[axis].stride * outer[axis].size
                position[axis] = 0
            }
        }
    }
}

extension Tensor {
    /// Returns the elements that `view` shows, without history; they share the storage if they lie one after another.
    func seen(through view: StridedView) throws(TensorError) -> Tensor {
        try seen(through: view, as: try view.shape)
    }

    /// Returns the elements that `view` shows, under `shape`, which has as many.
    func seen(through view: StridedView, as shape: Shape) throws(TensorError) -> Tensor {
        if view.isContiguous || shape.elementCount == 0 {
            let start = shape.elementCount == 0 ? 0 : view.offset * dtype.itemSize
            return Tensor(TensorBody(viewing: body, from: start, as: shape))
        }
        return switch dtype.itemSize {
        case 1: try copied(through: view, shape, as: UInt8.self)
        case 2: try copied(through: view, shape, as: UInt16.self)
        case 4: try copied(through: view, shape, as: UInt32.self)
        default: try copied(through: view, shape, as: UInt64.self)
        }
    }

    /// Copies items of a size, whatever they mean.
    private func copied<Item: BitwiseCopyable>(
        through view: StridedView,
        _ shape: Shape,
        as type: Item.Type
    ) throws(TensorError) -> Tensor {
        try Tensor(uninitialized: dtype, shape: shape) { bytes in
            guard let target = bytes.baseAddress?.assumingMemoryBound(to: Item.self) else { return }
            defer { withExtendedLifetime(self) {} }
            let source = body.start.assumingMemoryBound(to: Item.self)
            view.forEachRun { to, from, count, stride in
                guard stride != 1 else { return (target + to).initialize(from: source + from, count: count) }
                for index in 0..<count { (target + (to + index)).initialize(to: source[from + index * stride]) }
            }
        }
    }

    /// Returns zeros of `shape` with these elements where `view` of them shows them; what is shown twice adds up.
    func placed(through view: StridedView, in shape: Shape) throws(TensorError) -> Tensor {
        let placement = Placement(elements: try widened(), view: view, shape: shape)
        return try dtype.computing.acceptArithmetic(placement, kernel: "as_strided_backward").cast(to: dtype)
    }

    /// Returns what `view` shows, as the result of the operation that ATen calls `operation`.
    func viewing(_ view: StridedView, _ operation: StaticString, _ name: NodeName) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in
            try seen(through: view).laid(out: view.axes.map(\.step))
        }
        guard Autograd.records(self) else { return result }
        let own = shape
        return try result.recorded(name, [self]) { gradient, _ in
            [try gradient.detached().placed(through: view, in: own)]
        }
    }
}

private struct Placement: ArithmeticVisitor {
    let elements: Tensor
    let view: StridedView
    let shape: Shape

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try Tensor(of: A.self, shape: shape) { target throws(TensorError) in
            target.initialize(repeating: A.zero, count: shape.elementCount)
            try elements.withScalars(of: A.self) { source in
                view.forEachRun { from, to, count, stride in
                    for index in 0..<count {
                        let place = to + index * stride
                        target[place] = A.sum(target[place], source[from + index])
                    }
                }
            }
        }
    }
}
