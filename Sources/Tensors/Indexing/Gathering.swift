extension Tensor {
    /// Returns, for each index, the element at that place along `dim` and at the index's own places along the other axes.
    public func gather(_ dim: Int, _ index: Tensor) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        guard index.isIndex else { throw .function(.gatherIndexType("gather")) }
        guard index.elementCount > 0 else { return try .zeros(index.shape, dtype: dtype) }
        guard max(index.rank, 1) == max(rank, 1) else { throw .function(.gatherRank("input")) }
        for place in 0..<rank where place != axis && index.shape[place] > shape[place] {
            throw .function(.gatherSize(index.shape.dimensions, shape.dimensions, dimension: axis, at: place))
        }
        let places = try places(along: axis, index)
        return try taking(places, "gather", NodeName("GatherBackward0", old: "GatherBackward"))
    }

    /// Returns the elements at places that are known to be inside, without history.
    func gathered(_ axis: Int, _ index: Tensor) throws(TensorError) -> Tensor {
        try taken(try places(along: axis, index))
    }

    /// Returns the tensor with the elements of `source` at the places that `index` names along `dim`.
    public func scatter(_ dim: Int, _ index: Tensor, _ source: Operand) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        switch source {
        case .number(let number):
            try checkScatter(axis, index, nil)
            guard index.elementCount > 0 else { return self }
            let values = try number.tensor(dtype).expanded(to: index.shape)
            return try scattering(axis, index, values, "scatter", "ScatterBackward1", adding: false)
        case .tensor(let source):
            try checkScatter(axis, index, source)
            guard index.elementCount > 0 else { return self }
            return try scattering(axis, index, source, "scatter", "ScatterBackward0", adding: false)
        }
    }

    /// Returns the tensor with the elements of `source` added at the places that `index` names along `dim`.
    public func scatterAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        try checkScatter(axis, index, source)
        guard index.elementCount > 0 else { return self }
        return try scattering(axis, index, source, "scatter_add", "ScatterAddBackward0", adding: true)
    }

    private func scattering(
        _ axis: Int,
        _ index: Tensor,
        _ source: Tensor,
        _ operation: StaticString,
        _ node: String,
        adding: Bool
    ) throws(TensorError) -> Tensor {
        let index = index.detached()
        let result = try Operations.perform(operation) { () throws(TensorError) in
            try scattered(axis, index, source.detached().cut(to: index.shape), adding: adding)
        }
        guard Autograd.records(self, source) else { return result }
        let form = source.shape
        return try result.recorded(NodeName(node), [self, source], saving: [index]) { gradient, needs in
            var (own, given) = (gradient as Tensor?, nil as Tensor?)
            if !adding, needs[0] {
                own = try gradient.scattered(axis, index, .zeros(index.shape, dtype: gradient.dtype), adding: false)
            }
            if needs[1] {
                let cut = StridedView(form).cut(to: index.shape)
                given = try gradient.detached().gathered(axis, index).placed(through: cut, in: form)
            }
            return [own, given]
        }
    }

    /// Returns the tensor with `values`, of the index's shape, put or added at places that are checked, without history.
    func scattered(_ axis: Int, _ index: Tensor, _ values: Tensor, adding: Bool) throws(TensorError) -> Tensor {
        try detached().written(values, at: try places(along: axis, index), adding: adding)
    }

    private func checkScatter(_ axis: Int, _ index: Tensor, _ source: Tensor?) throws(TensorError) {
        guard index.isIndex else { throw .function(.gatherIndexType("scatter")) }
        if let source, source.dtype != dtype { throw .function(.scatterType) }
        guard index.elementCount > 0 else { return }
        guard max(index.rank, 1) == max(rank, 1) else { throw .function(.gatherRank("self")) }
        if let source, max(source.rank, 1) != max(rank, 1) { throw .function(.gatherRank("src")) }
        let fits = (0..<index.rank).allSatisfy { place in
            let size = index.shape[place]
            let isInside = place == axis || rank == 0 || size <= shape[place]
            return isInside && size <= (source.map { $0.rank == 0 ? 1 : $0.shape[place] } ?? size)
        }
        guard fits else {
            throw .function(.scatterSize(index.shape.dimensions, shape.dimensions, axis, source?.shape.dimensions))
        }
    }

    /// Returns where the elements lie that `index` names along `axis`; as in PyTorch indices do not count from the end here.
    private func places(along axis: Int, _ index: Tensor) throws(TensorError) -> Places {
        let size = rank == 0 ? 1 : shape[axis]
        let strides = rank == 0 ? [1] : StridedView(shape).axes.map(\.stride)
        let indices = try index.detached().cast(to: .int64)
        // Without elements nothing is taken, along however long axes.
        guard index.elementCount > 0 else {
            return Places(tensor: indices, block: 1, source: shape, result: index.shape)
        }
        for place in indices.scalars(as: Int64.self) where place < 0 || place >= Int64(size) {
            throw .function(.gatherBounds(Int(place), dimension: axis, size: size))
        }
        var terms = [try Tensor.product(indices, Tensor(scalar: Int64(strides[axis])), secondIsNumber: true)]
        for place in 0..<index.rank where place != axis {
            terms.append(try .steps(index.shape[place], stride: strides[place], axis: place, of: index.rank))
        }
        let sum = try Tensor.places(terms, as: index.shape)
        return Places(tensor: sum, block: 1, source: shape, result: index.shape)
    }

    /// The leading part of the tensor of `shape`, without history.
    private func cut(to shape: Shape) throws(TensorError) -> Tensor {
        guard shape != self.shape, rank > 0, shape.rank > 0 else { return viewed(as: shape) }
        return try seen(through: StridedView(self.shape).cut(to: shape))
    }

    var isIndex: Bool { dtype == .int64 || dtype == .int32 }
}

extension StridedView {
    fileprivate func cut(to shape: Shape) -> StridedView {
        var view = self
        for (axis, size) in shape.enumerated() where axis < axes.count { view.slice(axis, from: 0, count: size) }
        return view
    }
}

extension Tensor {
    /// Returns the slices of `dim` that the vector `index` names.
    public func indexSelect(_ dim: Int, _ index: Tensor) throws(TensorError) -> Tensor {
        let axis = try shape.axis(dim)
        guard index.rank <= 1 else { throw .function(.indexSelectRank) }
        guard index.isIndex else { throw .function(.indexSelectType) }
        let size = rank == 0 ? 1 : shape[axis]
        let numbers = index.scalars(as: Int64.self)
        if rank == 0, numbers.count != 1 { throw .function(.indexSelectScalar(numbers.count)) }
        if let wrong = numbers.first(where: { $0 < 0 || $0 >= Int64(size) }) {
            throw axis == 1 ? .function(.indexSelectBounds(Int(wrong), size)) : .embeddingIndexOutOfRange
        }
        return try slices(axis, at: index.detached().cast(to: .int64).reshaped(to: [-1]), "index_select")
    }

    /// Returns the slices of `axis` at the places of an int64 vector, all of them inside.
    func slices(_ axis: Int, at index: Tensor, _ operation: StaticString) throws(TensorError) -> Tensor {
        let name = NodeName("IndexSelectBackward0", old: "IndexSelectBackward")
        guard rank > 0 else {
            let result = try reshaped(to: [1]).slices(0, at: index, operation)
            return result.elementCount == 1 ? try result.reshaped(to: [] as [Int]) : result
        }
        var indices = [Tensor?](repeating: nil, count: rank)
        indices[axis] = index
        return try taking(Places(shape, indices: indices), operation, name)
    }

    /// Returns the elements at the places that `indices` name along `dim`, or among all; the other axes stretch.
    public func takeAlongDim(_ indices: Tensor, dim: Int? = nil) throws(TensorError) -> Tensor {
        guard indices.dtype == .int64 else { throw .function(.takeIndexType(indices.dtype)) }
        guard let dim else { return try reshaped(to: [-1]).gather(0, indices.reshaped(to: [-1])) }
        guard rank == indices.rank else { throw .function(.takeRanks(rank, indices.rank)) }
        let axis = try shape.axis(dim)
        guard rank > 0 else { return try gather(dim, indices) }
        var (own, other) = (shape.dimensions, indices.shape.dimensions)
        (own[axis], other[axis]) = (1, 1)
        var common = try Shape(checking: own).broadcast(with: Shape(checking: other)).dimensions
        common[axis] = shape[axis]
        let source = try expanded(to: Shape(checking: common))
        common[axis] = indices.shape[axis]
        // Whatever the index is, it is taken modulo the size.
        let places = try indices.detached().expanded(to: Shape(checking: common))
        guard places.elementCount > 0, shape[axis] > 0 else { return try source.gather(axis, places) }
        return try source.gather(axis, .remainder(.tensor(places), .number(.int(Int64(shape[axis])))))
    }

    /// Returns the elements where `mask`, stretched to one shape with the tensor, is true, as a vector.
    public func maskedSelect(_ mask: Tensor) throws(TensorError) -> Tensor {
        guard mask.dtype == .bool || mask.dtype == .uint8 else { throw .function(.maskedSelectType) }
        // Mismatches are told with the mask's size first.
        let shape = try mask.shape.broadcast(with: shape)
        let found = try mask.detached().cast(to: .bool).expanded(to: shape).truePlaces()
        let places = Places(tensor: found, block: 1, source: shape, result: found.shape)
        let name = NodeName("MaskedSelectBackward0", old: "MaskedSelectBackward")
        return try expanded(to: shape).taking(places, "masked_select", name)
    }
}
