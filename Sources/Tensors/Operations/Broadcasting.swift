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

    /// Whether a tensor of this shape can be stretched to `target`.
    func isStretchable(to target: Shape) -> Bool {
        rank <= target.rank && zip(reversed(), target.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
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

/// How two operands meet: the shape of the result, cut into runs along which each either steps or stays.
struct BroadcastPlan {
    let shape: Shape
    /// The number of elements in a run.
    let count: Int
    /// 1 where the operand's elements follow each other along a run, 0 where one element stands for all.
    let firstStep: Int
    let secondStep: Int
    /// The axes outside the runs, and how far a step along each takes either operand.
    private let outer: [(size: Int, first: Int, second: Int)]

    init(_ first: Shape, _ second: Shape) throws(TensorError) {
        let secondIsNumber = second.elementCount == 1 && second.rank <= first.rank
        guard first != second, !secondIsNumber else {
            (shape, count, outer) = (first, first.elementCount, [])
            (firstStep, secondStep) = (1, first == second ? 1 : 0)
            return
        }
        shape = try first.broadcast(with: second)
        let (firstStrides, secondStrides) = (first.strides(broadcastTo: shape), second.strides(broadcastTo: shape))
        (count, firstStep, secondStep) = (shape.last ?? 1, firstStrides.last ?? 0, secondStrides.last ?? 0)
        outer = zip(shape, zip(firstStrides, secondStrides)).dropLast().map { ($0, $1.0, $1.1) }
    }

    /// Calls `body` for each run, with where it starts in the result and in each operand.
    @inline(__always)
    func forEachRun(_ body: (_ target: Int, _ first: Int, _ second: Int) -> Void) {
        guard shape.elementCount > 0 else { return }
        var position = [Int](repeating: 0, count: outer.count)
        var (firstStart, secondStart) = (0, 0)
        for start in stride(from: 0, to: shape.elementCount, by: count) {
            body(start, firstStart, secondStart)
            for (axis, step) in outer.enumerated().reversed() {
                position[axis] += 1
                firstStart += step.first
                secondStart += step.second
                guard position[axis] == step.size else { break }
                firstStart -= step.first * step.size
                secondStart -= step.second * step.size
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
        var strides = [Int](repeating: 0, count: target.rank)
        for (axis, stride) in self.strides.enumerated() where shape[axis] != 1 || target[axis + target.rank - rank] == 1
        {
            strides[axis + target.rank - rank] = stride
        }
        let result = try dtype.accept(Expansion(tensor: self, plan: plan)).laid(out: strides)
        guard Autograd.records(self) else { return result }
        return try result.recorded(.expand, [self]) { gradient, _ in [gradient] }
    }

    private struct Expansion: ScalarVisitor {
        let tensor: Tensor
        let plan: BroadcastPlan

        func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> Tensor {
            try Tensor(of: S.self, shape: plan.shape) { target throws(TensorError) in
                try tensor.withScalars(of: S.self) { source in
                    plan.forEachRun { run, start, _ in
                        for index in 0..<plan.count {
                            (target + run + index).initialize(to: source[start + index * plan.firstStep])
                        }
                    }
                }
            }
        }
    }
}
