import Tensors

extension FunctionType {
    /// Orders, and what is found by them.
    static let sorting: [FunctionType] = [
        FunctionType("sort", "input, dim=-1, descending=False, stable=False", spec: .sorted(1).comparing(50, 0, 1)) {
            call in
            let found = try call.tensor(0).sort(dim: call.int(1), descending: call.bool(2))
            return .tensors([found.values, found.indices])
        },
        FunctionType(
            "argsort",
            "input, dim=-1, descending=False, stable=False",
            spec: .along(1, dtype: .int64).comparing(100, 0, 1)
        ) { call in
            .tensor(try call.tensor(0).argsort(dim: call.int(1), descending: call.bool(2)))
        },
        FunctionType("topk", "input, k, dim=-1, largest=True, sorted=True", spec: .topK) { call in
            let found = try call.tensor(0).topK(
                call.int(1),
                dim: call.int(2),
                largest: call.bool(3),
                sorted: call.bool(4)
            )
            return .tensors([found.values, found.indices])
        },
        FunctionType(
            "unique",
            "input, sorted=True, return_inverse=False, return_counts=False, dim=None",
            spec: .distinct
        ) { call in
            let found = try call.tensor(0).unique(dim: call.optionalInt(4))
            let rest = try (call.bool(2) ? [found.inverse] : []) + (call.bool(3) ? [found.counts] : [])
            return rest.isEmpty ? .tensor(found.values) : .tensors([found.values] + rest)
        },
        FunctionType(
            "bucketize",
            "input, boundaries, *, out_int32=False, right=False",
            spec: .buckets(0, 1).comparing(100, 1)
        ) { call in
            .tensor(
                try .bucketize(call.operand(0), call.tensor(1), outInt32: call.bool(2), right: call.bool(3))
            )
        },
        FunctionType(
            "searchsorted",
            "sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None",
            spec: .buckets(1, 0).comparing(100, 0)
        ) { call in
            let side: String? = call.values[4].isNone ? nil : try call.string(4)
            return .tensor(
                try call.tensor(0).searchSorted(
                    call.operand(1),
                    outInt32: call.bool(2),
                    right: Tensor.isRight(side: side, right: call.bool(3)),
                    sorter: call.optionalTensor(5)
                )
            )
        },
    ]
}

extension SpecRule {
    /// Returns the same of a function that finds the place of each element by comparisons, of so much work each, among those
    /// along an axis of the argument at `index`: the one that `dim` names, or the last.
    fileprivate func comparing(_ work: Int, _ index: Int, _ dim: Int? = nil) -> SpecRule {
        var rule = self
        rule.workPerElement = { call in
            let axis = dim.map { call.int($0) } ?? -1
            let size = axis.flatMap { call.tensor(index).extent($0)?.number } ?? 1
            return work * (Int.bitWidth - max(size, 1).leadingZeroBitCount)
        }
        return rule
    }

    /// The elements in order along the axis that the argument at `index` names, and their places.
    fileprivate static func sorted(_ index: Int) -> SpecRule {
        SpecRule { call in .tuple([along(index).rule(call), along(index, dtype: .int64).rule(call)]) }
    }

    /// A place for each number; rows stay apart where all look in one list.
    fileprivate static func buckets(_ input: Int, _ list: Int) -> SpecRule {
        SpecRule { call in
            guard let spec = call.values[input].tensor, let isShort = call.bool(2) else { return .unknown }
            let found = spec.with(dtype: isShort ? .int32 : .int64)
            let isShared = call.tensor(list).rank == 1 && call.tensor(list).rows == .none
            return .tensor(
                isShared || found.rows == .none && call.tensor(list).rows == .none ? found : found.with(rows: .mixed)
            )
        }
    }

    /// How many there are depends on their values.
    fileprivate static let distinct = SpecRule { call in
        let spec = call.tensor(0)
        let rows: TensorSpec.Rows = spec.rows == .none ? .none : .mixed
        guard call.isLeftOut(4), let hasInverse = call.bool(2), let hasCounts = call.bool(3) else { return .unknown }
        let values = ValueSpec.tensor(TensorSpec(shape: [.unknown], dtype: spec.dtype, rows: rows))
        let inverse = ValueSpec.tensor(spec.with(dtype: .int64).with(rows: rows))
        let counts = ValueSpec.tensor(TensorSpec(shape: [.unknown], dtype: .int64, rows: rows))
        let rest = (hasInverse ? [inverse] : []) + (hasCounts ? [counts] : [])
        return rest.isEmpty ? values : .tuple([values] + rest)
    }

    fileprivate static let topK = SpecRule { call in
        guard let count = call.int(1), let dim = call.int(2) else { return .unknown }
        let spec = call.tensor(0).resized(dim, to: .fixed(count))
        guard spec.shape != nil else { return .unknown }
        return .tuple([.tensor(spec), .tensor(spec.with(dtype: .int64))])
    }
}
