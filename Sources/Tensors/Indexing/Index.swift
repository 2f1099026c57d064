/// One part of what stands between brackets: `x[0, 1:, ..., None, indices]`.
public enum Index: Sendable {
    case at(Int)
    case slice(start: Int? = nil, stop: Int? = nil, step: Int? = nil)
    case ellipsis
    case newAxis
    case tensor(Tensor)
    case bool(Bool)

    /// How many axes of the tensor it speaks of.
    fileprivate var axisCount: Int {
        switch self {
        case .at, .slice: 1
        case .ellipsis, .newAxis, .bool: 0
        case .tensor(let tensor): tensor.isMask ? tensor.rank : 1
        }
    }
}

extension Tensor {
    fileprivate var isMask: Bool { dtype == .bool || dtype == .uint8 }

    /// Returns the elements that `indices` name, as `tensor[indices]` in PyTorch.
    public func item(at indices: [Index]) throws(TensorError) -> Tensor {
        var plan = IndexPlan(self)
        try plan.apply(indices)
        let part = try plan.name == nil ? self : viewing(plan.view, plan.operation, plan.name ?? .view)
        guard plan.tensors.contains(where: { $0 != nil }) else { return part }
        let places = try Places(part.shape, indices: try plan.indices(of: part))
        return try part.taking(places, "index", NodeName("IndexBackward0", old: "IndexBackward"))
    }

    /// Whether `indices`, apart from tensors, leave the whole tensor in sight.
    func shows(all indices: [Index]) throws(TensorError) -> Bool {
        var plan = IndexPlan(self)
        try plan.apply(indices)
        return plan.view.offset == 0 && plan.view.axes == StridedView(self).axes
    }

    /// Returns the places of the elements that are not zero, one row each.
    public func nonzero() throws(TensorError) -> Tensor {
        try Operations.perform("nonzero") { () throws(TensorError) in
            let columns = try nonzeroPlaces()
            guard rank > 0 else { return try .zeros(Shape([columns.count, 0], elementCount: 0), dtype: .int64) }
            return try .stack(columns.places, dim: 1)
        }
    }

    /// Returns the places of the elements that are not zero, as one vector for each axis.
    fileprivate func nonzeroPlaces() throws(TensorError) -> (count: Int, places: [Tensor]) {
        let found = try cast(to: .bool).truePlaces()
        var places: [Tensor] = []
        for axis in StridedView(shape).axes {
            try CallMeter.chargeElements(found.elementCount, cost: CallMeter.scalarCost)
            places.append(
                try Tensor(of: Int64.self, shape: found.shape) { target throws(TensorError) in
                    try found.withScalars(of: Int64.self) { source in
                        for index in 0..<found.elementCount {
                            (target + index).initialize(to: source[index] / Int64(axis.stride) % Int64(axis.size))
                        }
                    }
                }
            )
        }
        return (found.elementCount, places)
    }

    /// Returns where bools are true, counted over all elements.
    func truePlaces() throws(TensorError) -> Tensor {
        try CallMeter.chargeElements(elementCount)
        let count = withUnsafeBytes { bytes in bytes.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } }
        return try Tensor(of: Int64.self, shape: Shape([count], elementCount: count)) { target in
            withUnsafeBytes { bytes in
                var next = target
                for (place, flag) in bytes.enumerated() where flag != 0 {
                    next.initialize(to: Int64(place))
                    next += 1
                }
            }
        }
    }
}

/// Indices as they are read from left to right: what a strided view can do is done there, tensors wait.
private struct IndexPlan {
    var view: StridedView
    /// For each axis of the view, the tensor that picks along it; a mask stands for as many as it has.
    var tensors: [Tensor?] = []
    var operation: StaticString = "slice"
    /// PyTorch's name of the last step; `nil` if there was none.
    var name: NodeName?
    private let shape: Shape
    private let dtype: DType
    /// The axis of the tensor that is next, and where it is in the view.
    private var (axis, place) = (0, 0)

    init(_ tensor: Tensor) {
        (shape, dtype) = (tensor.shape, tensor.dtype)
        view = StridedView(tensor)
    }

    mutating func apply(_ indices: [Index]) throws(TensorError) {
        let named = indices.reduce(0) { $0 + $1.axisCount }
        if named > shape.rank { try refuse(indices) }
        for (position, index) in indices.enumerated() {
            switch index {
            case .at(let number): try select(number, position)
            case .slice(let start, let stop, let step): try slice(start, stop, step ?? 1)
            case .ellipsis: skip(to: shape.rank - named)
            case .newAxis: insertAxis()
            case .bool(let flag): try insertAxis(picking: Tensor([flag]))
            case .tensor(let tensor): try pick(tensor, position)
            }
        }
    }

    private func refuse(_ indices: [Index]) throws(TensorError) {
        guard shape.rank == 0, indices.count == 1, case .slice? = indices.first else {
            if shape.rank == 0, indices.count == 1, case .at? = indices.first { throw .function(.indexedScalar) }
            throw .function(.tooManyIndices(shape.rank))
        }
        throw .function(.slicedScalar)
    }

    private mutating func record(_ operation: StaticString, _ name: NodeName) {
        (self.operation, self.name) = (operation, name)
    }

    /// Selects along the axis that is next; PyTorch calls it by the index's own position between the brackets.
    private mutating func select(_ number: Int, _ position: Int) throws(TensorError) {
        let size = shape[axis]
        guard number >= -size, number < size else {
            throw .indexOutOfBounds(number, dimension: position, size: size)
        }
        view.select(place, at: number < 0 ? number + size : number)
        axis += 1
        record("select", NodeName("SelectBackward0", old: "SelectBackward"))
    }

    private mutating func slice(_ start: Int?, _ stop: Int?, _ step: Int) throws(TensorError) {
        guard step != 0 else { throw .function(.sliceStepZero) }
        guard step > 0 else { throw .function(.sliceStepNegative) }
        let size = shape[axis]
        func bounded(_ bound: Int) -> Int { min(max(bound < 0 ? bound &+ size : bound, 0), size) }
        let (first, last) = (bounded(start ?? 0), bounded(stop ?? size))
        let count = last > first ? (last - first - 1) / step + 1 : 0
        view.slice(place, from: first, count: count, step: step)
        (axis, place) = (axis + 1, place + 1)
        record("slice", NodeName("SliceBackward0", old: "SliceBackward"))
    }

    private mutating func skip(to count: Int) {
        // What several ellipses would stand for, the first takes.
        let skipped = max(count - ellipsisTaken, 0)
        ellipsisTaken += skipped
        (axis, place) = (axis + skipped, place + skipped)
        if name == nil { record("alias", NodeName("AliasBackward0", old: "AliasBackward")) }
    }
    private var ellipsisTaken = 0
    /// The axes of the view that `tensors` speaks of.
    private var axesTaken = 0

    private mutating func insertAxis(picking tensor: Tensor? = nil) {
        view.insert(at: place)
        if let tensor { wait(tensor) } else { place += 1 }
        record("unsqueeze", NodeName("UnsqueezeBackward0", old: "UnsqueezeBackward"))
    }

    private mutating func pick(_ tensor: Tensor, _ position: Int) throws(TensorError) {
        guard !tensor.dtype.isFloatingPoint, !tensor.dtype.isBarebones, tensor.dtype != .int8, tensor.dtype != .int16
        else { throw .function(.indexType) }
        guard tensor.rank > 0 else {
            guard !tensor.isMask else { return try insertAxis(picking: tensor.reshaped(to: [1])) }
            return try select(Int(tensor.scalars(as: Int64.self)[0]), position)
        }
        guard tensor.isMask else {
            wait(try tensor.detached().cast(to: .int64))
            axis += 1
            return
        }
        wait(try tensor.detached().cast(to: .bool))
        (axis, place) = (axis + tensor.rank, place + tensor.rank - 1)
    }

    /// Keeps a tensor for the axis that is next in the view.
    private mutating func wait(_ tensor: Tensor) {
        tensors += [Tensor?](repeating: nil, count: place - axesTaken) + [tensor]
        axesTaken = place + (tensor.dtype == .bool ? tensor.rank : 1)
        place += 1
    }

    /// Returns, for each axis of `part`, the places that are picked along it, all of them inside.
    func indices(of part: Tensor) throws(TensorError) -> [Tensor?] {
        var indices: [Tensor?] = []
        var given: [Int] = []
        for tensor in tensors where indices.count < part.rank {
            let axis = indices.count
            switch tensor {
            case nil: indices.append(nil)
            case .some(let mask) where mask.dtype == .bool:
                for (offset, size) in mask.shape.enumerated() where part.shape[axis + offset] != size {
                    throw .function(
                        .maskShape(mask.shape.dimensions, offset, shape: part.shape.dimensions, at: axis + offset)
                    )
                }
                indices += try mask.nonzeroPlaces().places
            case .some(let places):
                given.append(axis)
                indices.append(places)
            }
        }
        // Beside an index without elements nothing is picked, wherever the others point.
        for axis in given where !indices.contains(where: { $0?.elementCount == 0 }) {
            // PyTorch counts the axes that tensors pick from, and not those that slices leave alone.
            let picked = indices[..<axis].count { $0 != nil }
            indices[axis] = try indices[axis]?.wrapped(into: part.shape[axis], dimension: picked)
        }
        return indices + [Tensor?](repeating: nil, count: part.rank - indices.count)
    }
}

extension Tensor {
    /// Returns int64 indices with the negative ones counted from the end of an axis of `size`.
    func wrapped(into size: Int, dimension: Int) throws(TensorError) -> Tensor {
        try Tensor(of: Int64.self, shape: shape) { target throws(TensorError) in
            try withScalars(of: Int64.self) { source throws(TensorError) in
                for index in 0..<elementCount {
                    let place = Int(truncatingIfNeeded: source[index])
                    guard size > 0 else { throw .function(.emptyIndexed) }
                    guard place >= -size, place < size else {
                        throw .indexOutOfBounds(place, dimension: dimension, size: size)
                    }
                    (target + index).initialize(to: Int64(place < 0 ? place + size : place))
                }
            }
        }
    }
}

extension Places {
    /// Plans to pick along the axes that have an index: the indices stretch to one shape, whose axes stand where they stood if
    /// they were neighbours, else first.
    init(_ source: Shape, indices: [Tensor?]) throws(TensorError) {
        let picked = indices.indices.filter { indices[$0] != nil }
        let given = indices.compactMap { $0 }
        var shape = Shape.scalar
        for index in given {
            do { shape = try shape.broadcast(with: index.shape) } catch {
                throw .function(.indexShapes(given.map(\.shape.dimensions)))
            }
        }
        let (first, last) = (picked.first ?? 0, picked.last ?? -1)
        let areNeighbours = last - first + 1 == picked.count
        let (lead, rest) = (areNeighbours ? first : 0, indices.indices.filter { indices[$0] == nil && $0 < last })
        let sizes = source.dimensions
        let free = rest.map { sizes[$0] }
        let outer = try Shape(checking: free.prefix(lead) + shape.dimensions + free.dropFirst(lead))
        result = try Shape(checking: outer.dimensions + sizes.dropFirst(last + 1))
        block = sizes.dropFirst(last + 1).reduce(1, *)
        self.source = source
        let strides = StridedView(source).axes.map(\.stride)
        var terms: [Tensor] = []
        // Without elements nothing is taken, wherever it would lie.
        guard result.elementCount > 0 else {
            tensor = try .zeros([0], dtype: .int64)
            return
        }
        for (number, axis) in rest.enumerated() {
            let place = number < lead ? number : number + shape.rank
            terms.append(try .steps(sizes[axis], stride: strides[axis] / block, axis: place, of: outer.rank))
        }
        let after = outer.rank - lead - shape.rank
        for axis in picked {
            guard let index = indices[axis] else { continue }
            let distances = try Tensor.product(
                index,
                Tensor(scalar: Int64(strides[axis] / block)),
                secondIsNumber: true
            )
            terms.append(try distances.reshaped(to: index.shape.dimensions + [Int](repeating: 1, count: after)))
        }
        tensor = try .places(terms, as: outer)
    }
}
