extension Shape {
    /// The shape that two operands stretch to, aligned at their last axes.
    func broadcast(with other: Shape) throws(TensorError) -> Shape {
        if self == other { return self }
        let rank = Swift.max(self.rank, other.rank)
        var sizes = [Int](repeating: 1, count: rank)
        for axis in (0..<rank).reversed() {
            let first = size(at: axis, of: rank)
            let second = other.size(at: axis, of: rank)
            guard first == second || first == 1 || second == 1 else {
                throw .broadcastMismatch(first, second, dimension: axis)
            }
            sizes[axis] = first == 1 ? second : first
        }
        return try Shape(checking: sizes)
    }

    /// The size of the axis at `axis` of a shape of `rank` axes that this one stretches to.
    private func size(at axis: Int, of rank: Int) -> Int {
        let own = axis - (rank - self.rank)
        return own < 0 ? 1 : dimensions[own]
    }

    /// The distances, in elements, between neighbours along each axis of `target`; 0 along stretched ones.
    func strides(broadcastTo target: Shape) -> [Int] {
        var strides = [Int](repeating: 0, count: target.rank)
        var step = 1
        for axis in (0..<target.rank).reversed() {
            let size = size(at: axis, of: target.rank)
            strides[axis] = size == 1 ? 0 : step
            step *= size
        }
        return strides
    }
}

/// How two operands meet: the shape of the result, and how each is walked along its last axis and between runs of it.
struct BroadcastPlan {
    let shape: Shape
    let first: [Int]
    let second: [Int]

    init(_ first: Shape, _ second: Shape) throws(TensorError) {
        shape = try first.broadcast(with: second)
        self.first = first.strides(broadcastTo: shape)
        self.second = second.strides(broadcastTo: shape)
    }

    /// Calls `body` for each run along the last axis, with where it starts in the result and in each operand.
    @inline(__always)
    func forEachRun(_ body: (_ target: Int, _ first: Int, _ second: Int) -> Void) {
        guard shape.elementCount > 0 else { return }
        let outer = Swift.max(shape.rank - 1, 0)
        let runLength = shape.last ?? 1
        var position = [Int](repeating: 0, count: outer)
        var (firstOffset, secondOffset) = (0, 0)
        for run in 0..<shape.elementCount / runLength {
            body(run * runLength, firstOffset, secondOffset)
            for axis in (0..<outer).reversed() {
                position[axis] += 1
                firstOffset += first[axis]
                secondOffset += second[axis]
                guard position[axis] == shape[axis] else { break }
                firstOffset -= first[axis] * position[axis]
                secondOffset -= second[axis] * position[axis]
                position[axis] = 0
            }
        }
    }
}

extension Tensor {
    /// Returns the tensor stretched to `shape`, as `torch.expand` does, but with elements of its own.
    func expanded(to target: Shape) throws(TensorError) -> Tensor {
        guard shape != target else { return self }
        guard rank <= target.rank else {
            throw .expandRank(dtype, from: shape.dimensions, target: target.dimensions)
        }
        for axis in (0..<rank).reversed() {
            let place = axis + target.rank - rank
            guard shape[axis] == target[place] || shape[axis] == 1 else {
                throw .expandMismatch(target: target.dimensions, from: shape.dimensions, dimension: place)
            }
        }
        let plan = try BroadcastPlan(shape, target)
        let result = try dtype.accept(Expansion(tensor: self, plan: plan))
        guard Autograd.records(self) else { return result }
        return try result.recorded(.expand, [self]) { gradient, _ in [gradient] }
    }

    private struct Expansion: ScalarVisitor {
        let tensor: Tensor
        let plan: BroadcastPlan

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            let count = plan.shape.last ?? 1
            let step = plan.first.last ?? 0
            return try Tensor(of: S.self, shape: plan.shape) { target throws(TensorError) in
                try tensor.withScalars(of: S.self) { source in
                    plan.forEachRun { run, start, _ in
                        for index in 0..<count {
                            target.advanced(by: run + index).initialize(to: source[start + index * step])
                        }
                    }
                }
            }
        }
    }
}
