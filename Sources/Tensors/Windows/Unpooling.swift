extension Tensor {
    /// Returns planes of `sizes` with these numbers at the places that a pool gave, and zeros elsewhere: PyTorch's
    /// `F.max_unpool1d` to `F.max_unpool3d`.
    public func maxUnpool(_ indices: Tensor, to sizes: [Int], stride: [Int]) throws(TensorError) -> Tensor {
        let axes = sizes.count
        let shown = Self.seen(axes)
        guard indices.dtype == .int64 else { throw .layer(.uneven(.placeType(axes: axes, indices.dtype))) }
        guard rank == axes + 1 || rank == axes + 2 else {
            throw .layer(.uneven(.unpoolRank(axes: axes, rank + (axes == 1 ? 1 : 0))))
        }
        if axes == 3, stride.contains(where: { $0 <= 0 }) { throw .layer(.uneven(.unpoolStride(stride))) }
        guard indices.shape == shape else {
            throw .layer(.uneven(.placeShape(input: shown(shape.dimensions), shown(indices.shape.dimensions))))
        }
        guard shape.suffix(axes).allSatisfy({ $0 > 0 }) else {
            throw .layer(.uneven(.unpoolEmpty(axes: axes, input: shown(shape.dimensions))))
        }
        guard dtype.isFloatingPoint else { throw .notImplemented(kernel: "max_unpool\(max(2, axes))d", dtype) }
        let form = try Shape(checking: shape.dropLast(axes) + sizes)
        let places = indices.scalars(as: Int64.self)
        let size = try Shape(checking: sizes).elementCount
        if size == 0 { return try Tensor.zeros(form, dtype: dtype) }
        // PyTorch names the last one.
        if let wrong = places.last(where: { $0 < 0 || $0 >= Int64(size) }) {
            throw .layer(.uneven(.place(Int(truncatingIfNeeded: wrong), sizes: shown(sizes))))
        }
        let planes = shape.dropLast(axes).reduce(1, *)
        let result = try Operations.perform("max_unpool") { () throws(TensorError) in
            let visitor = Spreading(numbers: try widened(), places: places, planes: planes, shape: form)
            return try dtype.computing.acceptReal(visitor, kernel: "max_unpool").cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let own = shape
        let name = axes == 1 ? NodeName.squeezeAxis : NodeName("MaxUnpool\(axes)DBackward0")
        return try result.recorded(name, [self], saving: [indices]) { gradient, _ in
            let wide = try gradient.widened()
            let visitor = Gathering(source: wide, places: places, planes: planes, shape: own)
            return [try wide.dtype.acceptReal(visitor, kernel: "max_unpool").cast(to: gradient.dtype)]
        }
    }

    /// Sizes as PyTorch says them: it makes two axes of one.
    private static func seen(_ axes: Int) -> ([Int]) -> [Int] {
        { axes == 1 ? $0 + [1] : $0 }
    }
}

/// Puts each number at its place; the last one stays where there are several.
private struct Spreading: RealVisitor {
    let numbers: Tensor
    let places: [Int64]
    let planes: Int
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            guard planes > 0 else { return }
            let (source, size, count) = (
                numbers.address(of: R.self), shape.elementCount / planes, places.count / planes
            )
            for index in places.indices { target[index / count * size + Int(places[index])] = source[index] }
        }
    }
}

/// Takes the number at each place.
private struct Gathering: RealVisitor {
    let source: Tensor
    let places: [Int64]
    let planes: Int
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            guard planes > 0 else { return }
            let (numbers, size, count) = (
                source.address(of: R.self), source.elementCount / planes, places.count / planes
            )
            for index in places.indices {
                (target + index).initialize(to: numbers[index / count * size + Int(places[index])])
            }
        }
    }
}
