/// Where the blocks of a result lie in its source, counted in blocks.
struct Places: Sendable {
    /// One int64 for each block of the result.
    let tensor: Tensor
    /// The number of elements of a block.
    let block: Int
    /// The shape of the source.
    let source: Shape
    /// The shape of the result.
    let result: Shape
}

extension Tensor {
    /// Returns int64 distances `stride` apart, as the axis at `axis` of a tensor of `rank` axes that stretches along the others.
    static func steps(_ count: Int, stride: Int, axis: Int, of rank: Int) throws(TensorError) -> Tensor {
        let shape = try Shape(checking: (0..<rank).map { $0 == axis ? count : 1 })
        return try Tensor(of: Int64.self, shape: shape) { target in
            for index in 0..<count { (target + index).initialize(to: Int64(truncatingIfNeeded: index &* stride)) }
        }
    }

    /// Returns the sum of int64 `terms`, stretched to `shape`.
    static func places(_ terms: [Tensor], as shape: Shape) throws(TensorError) -> Tensor {
        var sum = try Tensor(scalar: 0 as Int64)
        // The small ones first, so that little is stretched often.
        for term in terms.sorted(by: { $0.elementCount < $1.elementCount }) { sum = try sum + term }
        return try sum.expanded(to: shape)
    }

    /// Returns the blocks at `places`, without history.
    func taken(_ places: Places) throws(TensorError) -> Tensor {
        try Tensor(uninitialized: dtype, shape: places.result) { target in
            guard let to = target.baseAddress, !target.isEmpty else { return }
            defer { withExtendedLifetime((self, places.tensor)) {} }
            let (from, indices) = (body.start, places.tensor.address(of: Int64.self))
            let size = places.block * dtype.itemSize
            func copy<Item: BitwiseCopyable>(_ type: Item.Type) {
                let (to, from) = (to.assumingMemoryBound(to: Item.self), from.assumingMemoryBound(to: Item.self))
                for index in 0..<places.tensor.elementCount {
                    (to + index).initialize(to: from[Int(truncatingIfNeeded: indices[index])])
                }
            }
            switch size {
            case 1: copy(UInt8.self)
            case 2: copy(UInt16.self)
            case 4: copy(UInt32.self)
            case 8: copy(UInt64.self)
            default:
                for index in 0..<places.tensor.elementCount {
                    let start = from + Int(truncatingIfNeeded: indices[index]) * size
                    (to + index * size).copyMemory(from: start, byteCount: size)
                }
            }
        }
    }

    /// Returns a copy of this tensor, the source of `places`, with the blocks of `values` there, added or put in place.
    func written(_ values: Tensor, at places: Places, adding: Bool) throws(TensorError) -> Tensor {
        let writing = Writing(
            base: try widened(),
            values: try values.cast(to: dtype.computing),
            places: places,
            isAdding: adding
        )
        return try dtype.computing.acceptArithmetic(writing, kernel: "scatter_").cast(to: dtype)
    }

    /// Returns the blocks at `places`, as the result of the operation that ATen calls `operation`.
    func taking(_ places: Places, _ operation: StaticString, _ name: NodeName) throws(TensorError) -> Tensor {
        let result = try Operations.perform(operation) { () throws(TensorError) in try taken(places) }
        guard Autograd.records(self) else { return result }
        return try result.recorded(name, [self], saving: [places.tensor]) { gradient, _ in
            [try Tensor.zeros(places.source, dtype: gradient.dtype).written(gradient, at: places, adding: true)]
        }
    }
}

private struct Writing: ArithmeticVisitor {
    let base: Tensor
    let values: Tensor
    let places: Places
    let isAdding: Bool

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> Tensor {
        try Tensor(of: A.self, shape: base.shape) { target throws(TensorError) in
            target.initialize(from: base.address(of: A.self), count: base.elementCount)
            defer { withExtendedLifetime((base, values, places.tensor)) {} }
            let (source, indices) = (values.address(of: A.self), places.tensor.address(of: Int64.self))
            for index in 0..<places.tensor.elementCount {
                let to = target + Int(truncatingIfNeeded: indices[index]) * places.block
                let from = source + index * places.block
                for element in 0..<places.block {
                    to[element] = isAdding ? A.sum(to[element], from[element]) : from[element]
                }
            }
        }
    }
}
