import Tensors

extension FunctionType {
    /// Looking up.
    static let indexing: [FunctionType] = gathering + items

    private static let items: [FunctionType] = [
        FunctionType(
            "getitem",
            "input, index",
            spec: SpecRule { call in
                guard let elements = call.values[0].elements else { return call.part }
                guard let place = call.int(1) else {
                    let taken = call.values[1].positions(of: elements.count)
                    return taken.map { .tuple($0.map { elements[$0] }) } ?? .unknown
                }
                let index = place < 0 ? place + elements.count : place
                return elements.indices.contains(index) ? elements[index] : .unknown
            }
        ) { call in
            switch call.values[0] {
            case .tuple(let elements): try call.element(of: elements)
            case .list(let elements): try call.element(of: elements)
            case .dictionary(let elements): try call.member(of: elements)
            case .tensor(let tensor): try call.part(of: tensor)
            case .none, .bool, .integer, .float, .string, .dtype, .slice, .ellipsis:
                throw ModuleError.notSubscriptable(call.values[0].pythonType)
            }
        }
    ]
}

extension FunctionType {
    fileprivate static let gathering: [FunctionType] = [
        FunctionType("index_select", "input, dim, index", indices: [2], spec: .indexSelected) { call in
            .tensor(try call.tensor(0).indexSelect(call.int(1), call.tensor(2)))
        },
        FunctionType("gather", "input, dim, index", indices: [2], spec: .gathered) { call in
            .tensor(try call.tensor(0).gather(call.int(1), call.tensor(2)))
        },
        FunctionType("scatter", "input, dim, index, src=None, value=None", indices: [2], spec: .scattered) { call in
            let source = try call.values[3].isNone ? call.operand(4) : call.operand(3)
            return .tensor(try call.tensor(0).scatter(call.int(1), call.tensor(2), source))
        },
        FunctionType("scatter_add", "input, dim, index, src", indices: [2], spec: .scattered) { call in
            .tensor(try call.tensor(0).scatterAdd(call.int(1), call.tensor(2), call.tensor(3)))
        },
        FunctionType("take_along_dim", "input, indices, dim=None", indices: [1], spec: .takenAlong) { call in
            .tensor(try call.tensor(0).takeAlongDim(call.tensor(1), dim: call.optionalInt(2)))
        },
        FunctionType("masked_select", "input, mask", spec: .masked) { call in
            .tensor(try call.tensor(0).maskedSelect(call.tensor(1)))
        },
        FunctionType("nonzero", "input", spec: .places) { call in .tensor(try call.tensor(0).nonzero()) },
    ]
}

extension SpecRule {
    /// The shape of the index; rows stay apart where both hold them along one axis that is not gathered along.
    fileprivate static let gathered = SpecRule { call in
        let (source, index) = (call.tensor(0), call.tensor(2))
        guard let dim = call.int(1).flatMap(source.axis), index.rank == source.rank else { return .unknown }
        var rows: TensorSpec.Rows = source.rows == .none && index.rows == .none ? .none : .mixed
        if let axis = source.batchAxis, index.batchAxis == axis, axis != dim, index.shape?[axis] == source.shape?[axis]
        {
            rows = .axis(axis)
        }
        return .tensor(TensorSpec(shape: index.shape, dtype: source.dtype, rows: rows))
    }
}

extension SpecRule {
    /// As many entries along an axis as there are indices, which may be those of rows into what is the same for all.
    fileprivate static let indexSelected = of { spec, call in
        let index = call.tensor(2)
        guard let dim = call.int(1).flatMap(spec.axis), let shape = index.shape, shape.count <= 1, spec.rank ?? 0 > 0
        else { return nil }
        var selected = spec.resized(dim, to: shape.first ?? .fixed(1))
        if index.rows != .none { selected.rows = spec.rows == .none && index.rows == .axis(0) ? .axis(dim) : .mixed }
        return selected
    }

    /// As the first argument; rows stay apart where what is put in lies beside them along the same axis.
    fileprivate static let scattered = of { spec, call in
        let others = [call.tensor(2)] + (call.values[3].tensor.map { [$0] } ?? [])
        if spec.rows == .none, others.allSatisfy({ $0.rows == .none }) { return spec }
        guard let dim = call.int(1).flatMap(spec.axis), let axis = spec.batchAxis, axis != dim,
            others.allSatisfy({ $0.batchAxis == axis && $0.shape?[axis] == spec.shape?[axis] })
        else { return spec.with(rows: .mixed) }
        return spec
    }

    /// The shapes of both stretched to one, but for the axis that is gone along.
    fileprivate static let takenAlong = of { spec, call in
        let index = call.tensor(1)
        guard !call.isLeftOut(2) else {
            let rows: TensorSpec.Rows = spec.rows == .none && index.rows == .none ? .none : .mixed
            return TensorSpec(shape: [index.elementCount], dtype: spec.dtype, rows: rows)
        }
        guard let dim = call.int(2).flatMap(spec.axis), index.rank == spec.rank, let size = index.extent(dim) else {
            return nil
        }
        var taken = TensorSpec.broadcast([spec.resized(dim, to: .fixed(1)), index.resized(dim, to: .fixed(1))])
        taken.shape?[dim] = size
        taken.dtype = spec.dtype
        return taken
    }

    /// How many elements there are depends on their values.
    fileprivate static let masked = of { spec, call in
        let rows: TensorSpec.Rows = spec.rows == .none && call.tensor(1).rows == .none ? .none : .mixed
        return TensorSpec(shape: [.unknown], dtype: spec.dtype, rows: rows)
    }

    fileprivate static let places = of { spec, _ in
        let rank = spec.rank.map(Extent.fixed) ?? .unknown
        return TensorSpec(shape: [.unknown, rank], dtype: .int64, rows: spec.rows == .none ? .none : .mixed)
    }
}

extension SpecCall {
    /// What is known of a part of a tensor that numbers, slices, `None` and `...` name; unknown with anything else.
    fileprivate var part: ValueSpec {
        guard var spec = values[0].tensor else { return .unknown }
        var picked: [Int: TensorSpec] = [:]
        let parts: [ValueSpec] =
            if case .constant(.tuple) = values[1] { values[1].elements ?? [] } else {
                if case .tuple(let parts) = values[1] { parts } else { [values[1]] }
            }
        guard let rank = spec.rank else { return .unknown }
        let named = parts.count { $0.namesAxis }
        guard parts.count(where: \.isEllipsis) <= 1 else { return .unknown }
        var place = 0
        for part in parts {
            switch part {
            case .constant(.none):
                spec = spec.unsqueezed(place)
                place += 1
            case .constant(.ellipsis): place += max(rank - named, 0)
            case .constant(.integer):
                guard place < spec.rank ?? 0 else { return .unknown }
                spec = spec.reduced(over: [place], keepDim: false)
            case .constant(.slice(let start, let stop, let step)):
                guard let sliced = spec.sliced(place, start, stop, step) else { return .unknown }
                spec = sliced
                place += 1
            case .slice(let start, let stop, let step):
                let bounds = [start, stop, step]
                guard bounds.allSatisfy({ $0.map { $0.number != nil } ?? true }),
                    let sliced = spec.sliced(place, start.whole, stop.whole, step.whole)
                else { return .unknown }
                spec = sliced
                place += 1
            case .tensor, .constant(.tensor):
                guard let index = part.tensor, index.dtype == .int64 || index.dtype == .int32, index.rank ?? 0 > 0,
                    place < spec.rank ?? 0
                else { return .unknown }
                picked[place] = index
                place += 1
            case .constant, .size, .tuple, .list, .dictionary, .unknown: return .unknown
            }
        }
        return picked.isEmpty ? .tensor(spec) : .tensor(spec.picked(picked))
    }
}

extension ValueSpec {
    fileprivate var isEllipsis: Bool {
        if case .constant(.ellipsis) = self { true } else { false }
    }

    fileprivate var namesAxis: Bool {
        switch self {
        case .constant(.integer), .constant(.slice), .slice, .tensor, .constant(.tensor): true
        case .constant, .size, .tuple, .list, .dictionary, .unknown: false
        }
    }
}

extension ValueSpec {
    /// Returns the positions that a slice takes of `count` elements; `nil` of anything else.
    fileprivate func positions(of count: Int) -> [Int]? {
        switch self {
        case .constant(.slice(let start, let stop, let step)):
            return try? FunctionCall.positions(start, stop, step, count: count)
        case .slice(let start, let stop, let step):
            guard [start, stop, step].allSatisfy({ $0.map { $0.number != nil } ?? true }) else { return nil }
            return try? FunctionCall.positions(start.whole, stop.whole, step.whole, count: count)
        case .tensor, .size, .constant, .tuple, .list, .dictionary, .unknown: return nil
        }
    }
}

extension Extent? {
    /// The bound of a slice, if there is one.
    fileprivate var whole: Int64? { self?.number.map { Int64($0) } }
}

extension TensorSpec {
    /// Returns what is known where tensors name the entries of axes: their shape stands where the axes stood if these were neighbours,
    /// else first.
    fileprivate func picked(_ indices: [Int: TensorSpec]) -> TensorSpec {
        let index = TensorSpec.broadcast(Array(indices.values))
        guard let shape, let form = index.shape else { return .unknown }
        let axes = indices.keys.sorted()
        let areNeighbours = zip(axes, axes.dropFirst()).allSatisfy { $0 + 1 == $1 }
        let place = areNeighbours ? axes[0] : 0
        let left = shape.indices.filter { indices[$0] == nil }
        let sizes = left.map { shape[$0] }
        var result = TensorSpec(shape: sizes[..<place] + form + sizes[place...], dtype: dtype, rows: .mixed)
        switch (rows, index.rows) {
        case (.none, .none): result.rows = .none
        case (.none, .axis(let axis)): result.rows = .axis(place + axis)
        case (.axis(let axis), .none):
            guard let own = left.firstIndex(of: axis) else { break }
            result.rows = .axis(own < place ? own : own + form.count)
        case (.mixed, _), (_, .mixed), (.axis, .axis): break
        }
        return result
    }

    /// Returns the same with what a slice leaves of `axis`; `nil` when that is not known.
    fileprivate func sliced(_ axis: Int, _ start: Int64?, _ stop: Int64?, _ step: Int64?) -> TensorSpec? {
        guard let extent = shape?.dropFirst(axis).first else { return nil }
        guard start ?? 0 != 0 || stop != nil || step ?? 1 != 1 else { return self }
        guard let size = extent.number,
            let positions = try? FunctionCall.positions(start, stop, step, count: size)
        else { return nil }
        return resized(axis, to: .fixed(positions.count))
    }
}
