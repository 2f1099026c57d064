/// How far a step along each axis goes in PyTorch's tensors, whose views share bytes where tensors here lie in order.
///
/// Nothing is computed from it: it says what `view` refuses, and which of two texts an error has.
enum Layout {
    /// Returns the strides of a tensor of `sizes` that lies in order.
    static func inOrder(_ sizes: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: sizes.count)
        for axis in sizes.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] &* max(sizes[axis + 1], 1) }
        return strides
    }

    /// Whether elements lie one after another; along an axis of one there are no steps.
    static func isInOrder(_ sizes: [Int], _ strides: [Int]) -> Bool {
        guard !sizes.contains(0) else { return true }
        var expected = 1
        for (size, stride) in zip(sizes, strides).reversed() where size != 1 {
            guard stride == expected else { return false }
            expected = expected &* size
        }
        return true
    }

    /// Whether each place in memory from the first element to the last is that of one element.
    private static func isDense(_ sizes: [Int], _ strides: [Int]) -> Bool {
        var expected = 1
        for (stride, size) in zip(strides, sizes).filter({ $0.1 != 1 }).sorted(by: { $0.0 < $1.0 }) {
            guard stride == expected else { return false }
            expected = expected &* size
        }
        return true
    }

    /// Returns the strides under which the same bytes are a tensor of `target`; `nil` where they are not.
    static func viewed(_ sizes: [Int], _ strides: [Int], as target: [Int]) -> [Int]? {
        guard !sizes.contains(0), let last = strides.last else { return inOrder(target) }
        var result = [Int](repeating: 1, count: target.count)
        var place = target.count - 1
        // Axes that follow each other in memory are one, which the axes of the target must divide.
        var (base, count, taken) = (last, 1, 1)
        for axis in sizes.indices.reversed() {
            count = count &* sizes[axis]
            guard axis == 0 || (sizes[axis - 1] != 1 && strides[axis - 1] != count &* base) else { continue }
            while place >= 0, taken < count || target[place] == 1 {
                result[place] = taken &* base
                taken = taken &* target[place]
                place -= 1
            }
            guard taken == count else { return nil }
            if axis > 0 { (base, count, taken) = (strides[axis - 1], 1, 1) }
        }
        return place < 0 ? result : nil
    }

    /// Whether PyTorch's product takes all axes but the last for rows; it looks at axes of one entry too.
    static func foldsIntoRows(_ sizes: [Int], _ strides: [Int]) -> Bool {
        sizes.indices.dropLast(2).allSatisfy { strides[$0] == strides[$0 + 1] &* sizes[$0 + 1] }
    }

    /// Returns the strides of what is computed element by element from `operands`, each of which is stretched to `sizes`.
    ///
    /// The axes keep the order in which the operands have them in memory, the first that can tell deciding.
    static func combined(_ sizes: [Int], _ operands: [[Int]]) -> [Int] {
        var order = Array(sizes.indices.reversed())
        func comesLater(_ first: Int, _ second: Int) -> Bool? {
            for strides in operands where strides[first] != 0 && strides[second] != 0 {
                if strides[first] != strides[second] { return strides[first] > strides[second] }
                if sizes[first] > sizes[second] { return true }
            }
            return nil
        }
        for index in order.indices.dropFirst() {
            var moved = index
            for other in (0..<index).reversed() {
                guard let isLater = comesLater(order[other], order[moved]) else { continue }
                guard isLater else { break }
                order.swapAt(other, moved)
                moved = other
            }
        }
        var (strides, step) = (sizes, 1)
        for axis in order {
            strides[axis] = step
            step = step &* max(sizes[axis], 1)
        }
        return strides
    }

    /// Returns the strides of a copy of what has `strides`: the same where nothing lies between its elements.
    static func copied(_ sizes: [Int], _ strides: [Int]) -> [Int] {
        isDense(sizes, strides) ? strides : combined(sizes, [strides])
    }
}

extension Tensor {
    /// PyTorch's strides.
    var strides: [Int] { body.strides ?? Layout.inOrder(shape.dimensions) }

    /// Whether PyTorch's tensor lies in order.
    var isInOrder: Bool { body.strides.map { Layout.isInOrder(shape.dimensions, $0) } ?? true }

    /// Returns this tensor, which was just made, with PyTorch's strides.
    ///
    /// Those along axes of one entry are kept where they are not what they would be: products look at them.
    func laid(out strides: [Int]) -> Tensor {
        let sizes = shape.dimensions
        let isPlain = sizes.contains(0) || strides == Layout.inOrder(sizes)
        if !(isPlain && body.strides == nil) { body.note(strides: isPlain ? nil : strides) }
        return self
    }

    /// Returns this tensor, a new view of `other`, with PyTorch's strides: in order, if it had to copy.
    @inline(__always)
    func laid(asViewOf other: Tensor) -> Tensor {
        guard let strides = other.body.strides,
            let own = Layout.viewed(other.shape.dimensions, strides, as: shape.dimensions)
        else { return self }
        return laid(out: own)
    }

    /// Returns this tensor, `other` with two axes exchanged, with PyTorch's strides.
    func laid(asSwapOf other: Tensor, _ first: Int, _ second: Int) throws(TensorError) -> Tensor {
        let (first, second) = (try other.shape.axis(first), try other.shape.axis(second))
        // The same axis twice gave the tensor itself.
        guard first != second else { return self }
        var strides = other.strides
        strides.swapAt(first, second)
        return laid(out: strides)
    }

    /// Returns this tensor, which was just computed element by element from `operand`, with PyTorch's strides.
    @inline(__always)
    func laid(like operand: Tensor) -> Tensor {
        guard let strides = operand.body.strides, operand.rank == rank, !operand.isInOrder else { return self }
        return laid(out: Layout.copied(shape.dimensions, strides))
    }

    /// Returns this tensor, which was just computed element by element from two, with PyTorch's strides.
    @inline(__always)
    func laid(like first: Tensor, _ second: Tensor) -> Tensor {
        guard first.body.strides != nil || second.body.strides != nil else { return self }
        return laid(like: [first, second])
    }

    /// Returns this tensor, which was just computed element by element from `operands`, with PyTorch's strides.
    @inline(never)
    func laid(like operands: [Tensor]) -> Tensor {
        guard operands.contains(where: { !$0.isInOrder }) else { return self }
        let stretched = operands.filter { $0.rank > 0 }.map { operand in
            [Int](repeating: 0, count: max(rank - operand.rank, 0))
                + operand.strides.enumerated().map { axis, stride in
                    operand.shape[axis] == 1 && shape[axis + rank - operand.rank] != 1 ? 0 : stride
                }
        }
        if stretched.allSatisfy({ $0 == stretched.first }), let strides = stretched.first {
            return laid(out: Layout.copied(shape.dimensions, strides))
        }
        return laid(out: Layout.combined(shape.dimensions, stretched))
    }

    /// Returns the same elements under `sizes`, one of which may be -1, as `view` does, which never copies.
    public func viewed(under sizes: [Int]) throws(TensorError) -> Tensor {
        let target = try Shape(inferring: sizes, elementCount: elementCount)
        if let strides = body.strides, Layout.viewed(shape.dimensions, strides, as: target.dimensions) == nil {
            throw .function(.viewAcrossSteps)
        }
        return try view(as: target, "view", .view)
    }

    /// Returns the same elements, lying in order in PyTorch too.
    public func contiguous() throws(TensorError) -> Tensor {
        guard !isInOrder else { return self }
        let result = try cloned()
        result.body.note(strides: nil)
        return result
    }
}
