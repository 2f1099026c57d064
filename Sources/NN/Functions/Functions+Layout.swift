import Tensors

extension FunctionType {
    /// Other axes for the same elements.
    static let views: [FunctionType] = [
        FunctionType("unsqueeze", "input, dim", spec: .unsqueezed) { call in
            .tensor(try call.tensor(0).unsqueezed(call.int(1)))
        },
        FunctionType("squeeze", "input, dim=None", spec: .squeezed) { call in
            guard call.isList(1) else { return .tensor(try call.tensor(0).squeezed(call.optionalInt(1))) }
            return .tensor(try call.tensor(0).squeezed(call.ints(1)))
        },
        FunctionType("unflatten", "input, dim, sizes", spec: .unflattened.ofSizes) { call in
            .tensor(try call.tensor(0).unflattened(call.int(1), call.ints(2)))
        },
        FunctionType("expand", "input, *size", spec: .expanded.ofSizes) { call in
            .tensor(try call.tensor(0).expand(call.sizes(1)))
        },
        FunctionType("expand_as", "input, other", spec: .expandedAs) { call in
            .tensor(try call.tensor(0).expand(call.tensor(1).shape.dimensions))
        },
        FunctionType("repeat", "input, *repeats", spec: .repeated.ofSizes) { call in
            .tensor(try call.tensor(0).repeated(call.sizes(1)))
        },
    ]

    /// Other orders of axes and elements.
    static let orders: [FunctionType] = [
        FunctionType("permute", "input, *dims", spec: .permuted) { call in
            .tensor(try call.tensor(0).permuted(call.sizes(1)))
        },
        FunctionType("transpose", "input, dim0, dim1", spec: .transposed) { call in
            .tensor(try call.tensor(0).transposed(call.int(1), call.int(2)))
        },
        FunctionType("t", "input", spec: .turned) { call in
            .tensor(try call.tensor(0).t())
        },
        FunctionType("movedim", "input, source, destination", spec: .moved) { call in
            .tensor(try call.tensor(0).movedim(call.ints(1), call.ints(2)))
        },
        FunctionType("flip", "input, *dims", spec: .mixing(1)) { call in
            .tensor(try call.tensor(0).flipped(call.sizes(1)))
        },
        FunctionType("roll", "input, shifts, dims=()", spec: .mixing(2)) { call in
            .tensor(try call.tensor(0).roll(call.ints(1), dims: call.ints(2)))
        },
        FunctionType("tril", "input, diagonal=0", spec: .triangle) { call in
            .tensor(try call.tensor(0).tril(diagonal: call.int(1)))
        },
        FunctionType("triu", "input, diagonal=0", spec: .triangle) { call in
            .tensor(try call.tensor(0).triu(diagonal: call.int(1)))
        },
        FunctionType("diagonal", "input, offset=0, dim1=0, dim2=1", spec: .diagonal) { call in
            .tensor(try call.tensor(0).diagonal(offset: call.int(1), dim1: call.int(2), dim2: call.int(3)))
        },
    ]

    /// Parts, and what is put together of them.
    static let parts: [FunctionType] = [
        FunctionType("stack", "tensors, dim=0", spec: .stacked) { call in
            .tensor(try .stack(call.tensors(0), dim: call.int(1)))
        },
        FunctionType("split", "tensor, split_size_or_sections, dim=0", spec: .split) { call in
            guard call.isList(1) else { return .tensors(try call.tensor(0).split(call.int(1), dim: call.int(2))) }
            return .tensors(try call.tensor(0).split(call.ints(1), dim: call.int(2)))
        },
        FunctionType("chunk", "input, chunks, dim=0", spec: .chunked) { call in
            .tensors(try call.tensor(0).chunk(call.int(1), dim: call.int(2)))
        },
        FunctionType("unbind", "input, dim=0", spec: .unbound) { call in
            .tensors(try call.tensor(0).unbind(dim: call.int(1)))
        },
        FunctionType("narrow", "input, dim, start, length", spec: .narrowed) { call in
            .tensor(try call.tensor(0).narrowed(call.int(1), start: call.int(2), length: call.int(3)))
        },
        FunctionType("select", "input, dim, index", spec: .selected) { call in
            .tensor(try call.tensor(0).selected(call.int(1), call.int(2)))
        },
        FunctionType("repeat_interleave", "input, repeats, dim=None", spec: .interleaved) { call in
            let dim = try call.optionalInt(2)
            guard case .tensor(let repeats) = call.values[1] else {
                return .tensor(try call.tensor(0).repeatInterleave(call.int(1), dim: dim))
            }
            return .tensor(try call.tensor(0).repeatInterleave(repeats, dim: dim))
        },
        FunctionType("pad", "input, pad, mode='constant', value=None", spec: .padded) { call in
            let mode = try Tensor.PaddingMode(named: call.string(2))
            return .tensor(try call.tensor(0).pad(call.ints(1), mode: mode, value: call.optionalNumber(3)))
        },
        FunctionType("dim", "input", spec: .rank) { call in .integer(Int64(try call.tensor(0).rank)) },
        FunctionType("numel", "input", spec: .count) { call in .integer(Int64(try call.tensor(0).elementCount)) },
    ]
}

extension SpecRule {
    /// What `rule` makes of the first argument's specification; unknown where it gives nothing.
    static func of(_ rule: @escaping @Sendable (TensorSpec, SpecCall) -> TensorSpec?) -> SpecRule {
        SpecRule { call in rule(call.tensor(0), call).map(ValueSpec.tensor) ?? .unknown }
    }

    fileprivate static let unsqueezed = of { spec, call in call.int(1).map(spec.unsqueezed) }

    fileprivate static let turned = of { spec, _ in
        switch spec.rank {
        case 2: spec.permuted([1, 0])
        case nil: nil
        default: spec
        }
    }

    fileprivate static let selected = of { spec, call in
        call.int(1).map { spec.reduced(over: [$0], keepDim: false) }
    }

    fileprivate static let squeezed = of { spec, call in
        guard call.isConstant(1) else { return nil }
        return spec.squeezed(call.ints(1))
    }

    /// The same shape; rows meet if the axes at `index` hold them, or if none are named.
    fileprivate static func mixing(_ index: Int) -> SpecRule {
        of { spec, call in
            let numbers = call.sizes(index)?.map(\.number) ?? [nil]
            guard spec.rows != .none, !numbers.isEmpty, !numbers.contains(nil) else {
                return spec.with(rows: spec.rows == .none ? .none : .mixed)
            }
            let axes = numbers.compactMap { $0.flatMap(spec.axis) }
            return spec.batchAxis.map { !axes.contains($0) } ?? false ? spec : spec.with(rows: .mixed)
        }
    }

    fileprivate static let triangle = of { spec, _ in
        guard let rank = spec.rank else { return nil }
        return spec.batchAxis.map { $0 >= rank - 2 } ?? false ? spec.with(rows: .mixed) : spec
    }

    fileprivate static let permuted = of { spec, call in
        guard let dims = call.sizes(1)?.map(\.number), !dims.contains(nil) else { return nil }
        return spec.permuted(dims.compactMap(\.self))
    }

    fileprivate static let transposed = of { spec, call in
        guard let rank = spec.rank, let first = call.int(1).flatMap(spec.axis),
            let second = call.int(2).flatMap(spec.axis),
            rank > 0
        else { return nil }
        var order = Array(0..<rank)
        order.swapAt(first, second)
        return spec.permuted(order)
    }

    fileprivate static let expanded = of { spec, call in
        guard let sizes = call.sizes(1), let shape = spec.shape, sizes.count >= shape.count else { return nil }
        let leading = sizes.count - shape.count
        let target = sizes.indices.map { sizes[$0] == .fixed(-1) && $0 >= leading ? shape[$0 - leading] : sizes[$0] }
        let rows = spec.batchAxis.map { TensorSpec.Rows.axis($0 + leading) } ?? spec.rows
        // What is the same in every call may become one copy for each row.
        let batches = target.indices.filter { target[$0].isBatch }
        if rows == .none, batches.count == 1, target.allSatisfy({ $0.isBatch || $0.number != nil }) {
            return TensorSpec(shape: target, dtype: spec.dtype, rows: .axis(batches[0]))
        }
        // The rows stay where they are; a batch that appears anywhere else, or a fixed number of rows, mixes them.
        let stretchesRows = target.indices.contains { place in
            rows == .axis(place) ? target[place] != shape[place - leading] : target[place].isBatch
        }
        return TensorSpec(shape: target, dtype: spec.dtype, rows: stretchesRows ? .mixed : rows)
    }

    fileprivate static let repeated = of { spec, call in
        guard let repeats = call.sizes(1), let shape = spec.shape, repeats.count >= shape.count else { return nil }
        let leading = repeats.count - shape.count
        let target = repeats.indices.map { $0 < leading ? repeats[$0] : repeats[$0] * shape[$0 - leading] }
        let batches = repeats.indices.filter { repeats[$0].isBatch }
        switch spec.rows {
        case .mixed: return TensorSpec(shape: target, dtype: spec.dtype, rows: .mixed)
        case .axis(let axis):
            let isAlone = batches.isEmpty && repeats[axis + leading] == .fixed(1)
            return TensorSpec(shape: target, dtype: spec.dtype, rows: isAlone ? .axis(axis + leading) : .mixed)
        case .none:
            // What is the same in every call may become one copy for each row.
            guard batches.count <= 1, repeats.allSatisfy({ $0 != .unknown }) else {
                return TensorSpec(shape: target, dtype: spec.dtype, rows: .mixed)
            }
            let rows = batches.first.map(TensorSpec.Rows.axis) ?? .none
            return TensorSpec(shape: target, dtype: spec.dtype, rows: rows)
        }
    }

    /// Each entry several times, one after the other.
    fileprivate static let interleaved = of { spec, call in
        guard let count = call.int(1), count >= 0 else { return nil }
        var result = call.isLeftOut(2) ? spec.flattened(from: 0, through: -1) : spec
        guard let axis = call.isLeftOut(2) ? 0 : call.int(2).flatMap(spec.axis), let size = result.extent(axis) else {
            return nil
        }
        result.shape?[axis] = size * .fixed(count)
        return result
    }

    fileprivate static let count = SpecRule { .size($0.tensor(0).elementCount) }

    /// The axes of the diagonal are gone; it is the last.
    fileprivate static let diagonal = of { spec, call in
        guard let offset = call.int(1), let first = call.int(2).flatMap(spec.axis),
            let second = call.int(3).flatMap(spec.axis), first != second, spec.rank ?? 0 >= 2
        else { return nil }
        var rest = spec.reduced(over: [first, second], keepDim: false)
        rest.shape?.append(.unknown)
        if let rows = spec.extent(first)?.number, let columns = spec.extent(second)?.number,
            let last = rest.shape?.indices.last
        {
            let (far, overflow) = (offset < 0 ? rows : columns).subtractingReportingOverflow(abs(max(offset, -.max)))
            rest.shape?[last] = .fixed(overflow ? 0 : max(0, min(far, offset < 0 ? columns : rows)))
        }
        return rest
    }

    fileprivate static let unflattened = of { spec, call in
        guard let shape = spec.shape, let dim = call.int(1), let axis = spec.axis(dim), axis < shape.count,
            let sizes = call.sizes(2)
        else { return nil }
        // An axis that is held to its size.
        if sizes == [shape[axis]], sizes != [.unknown] { return spec }
        guard spec.batchAxis != axis else { return nil }
        return spec.reshaped(to: shape[..<axis] + sizes + shape[(axis + 1)...])
    }

    fileprivate static let unbound = SpecRule { call in
        let spec = call.tensor(0)
        guard let dim = call.int(1), let count = spec.extent(dim)?.number, count < 1024 else { return .unknown }
        return .tuple([ValueSpec](repeating: .tensor(spec.reduced(over: [dim], keepDim: false)), count: count))
    }

    fileprivate static let padded = of { spec, call in
        guard let amounts = call.ints(1), amounts.count.isMultiple(of: 2), let rank = spec.rank,
            amounts.count / 2 <= rank
        else { return nil }
        var result = spec
        for pair in 0..<amounts.count / 2 where amounts[2 * pair] != 0 || amounts[2 * pair + 1] != 0 {
            let axis = rank - 1 - pair
            let size = (spec.shape?[axis] ?? .unknown).plus(amounts[2 * pair]).plus(amounts[2 * pair + 1])
            result = result.resized(axis, to: size)
        }
        return result
    }

    fileprivate static let rank = SpecRule { call in call.tensor(0).rank.map { .size(.fixed($0)) } ?? .unknown }

    fileprivate static let moved = of { spec, call in
        guard let rank = spec.rank, rank > 0, let from = call.ints(1)?.compactMap(spec.axis),
            let to = call.ints(2)?.compactMap(spec.axis), from.count == to.count, Set(from).count == from.count,
            Set(to).count == to.count
        else { return nil }
        var order = [Int?](repeating: nil, count: rank)
        for (source, target) in zip(from, to) { order[target] = source }
        var rest = (0..<rank).filter { !from.contains($0) }.makeIterator()
        return spec.permuted(order.map { $0 ?? rest.next() ?? 0 })
    }

    fileprivate static let expandedAs = of { spec, call in
        var result = TensorSpec.broadcast([spec, call.tensor(1)])
        result.dtype = spec.dtype
        return result
    }

    static let concatenated = SpecRule { call in
        guard let parts = call.values[0].elements?.map({ $0.tensor ?? .unknown }), let dim = call.int(1) else {
            return .unknown
        }
        return .tensor(.concatenated(parts, dim: dim))
    }

    fileprivate static let stacked = SpecRule { call in
        guard let parts = call.values[0].elements?.map({ $0.tensor ?? .unknown }), let dim = call.int(1) else {
            return .unknown
        }
        return .tensor(.concatenated(parts.map { $0.unsqueezed(dim) }, dim: dim))
    }

    fileprivate static let narrowed = of { spec, call in
        guard let dim = call.int(1), let length = call.int(3) else { return nil }
        return spec.resized(dim, to: .fixed(length))
    }

    fileprivate static let split = SpecRule { call in
        let spec = call.tensor(0)
        guard let dim = call.int(2), let size = spec.extent(dim)?.number else { return .unknown }
        if let sizes = call.values[1].elements {
            return .tuple(sizes.map { .tensor(spec.resized(dim, to: $0.extent ?? .unknown)) })
        }
        guard let part = call.int(1), part > 0, size > 0 else { return .unknown }
        return pieces(of: size, part, spec, dim)
    }

    fileprivate static let chunked = SpecRule { call in
        let spec = call.tensor(0)
        guard let dim = call.int(2), let size = spec.extent(dim)?.number,
            let count = call.int(1), count > 0, size > 0
        else { return .unknown }
        return pieces(of: size, (size - 1) / count + 1, spec, dim)
    }

    /// Returns what is known of the parts of an axis, as long as there are not too many to list.
    private static func pieces(of size: Int, _ part: Int, _ spec: TensorSpec, _ dim: Int) -> ValueSpec {
        guard (size - 1) / part < 1024 else { return .unknown }
        let sizes = stride(from: 0, to: size, by: part).map { min(part, size - $0) }
        return .tuple(sizes.map { .tensor(spec.resized(dim, to: .fixed($0))) })
    }
}
