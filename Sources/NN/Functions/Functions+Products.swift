import Tensors

extension SpecRule {
    /// A matrix product.
    static let matmul = SpecRule(
        rule: { .tensor($0.tensor(0).matmul($0.tensor(1))) },
        workPerElement: { $0.productWork(0, 1) }
    )
}

extension SpecCall {
    /// The multiply-adds of an element of a product of two arguments, with its share of what each matrix of a stack costs.
    fileprivate func productWork(_ first: Int, _ second: Int) -> Int {
        let (left, right) = (tensor(first), tensor(second))
        // Those of whole numbers go one by one.
        let cost = left.dtype.map { $0.isFloatingPoint ? 1 : CallMeter.integerCost } ?? 1
        let (inner, isEndless) = (left.shape?.last?.number ?? 1).multipliedReportingOverflow(by: cost)
        guard !isEndless else { return .max }
        guard max(left.rank ?? 0, right.rank ?? 0) > 2 else { return inner }
        let rows = left.shape?.dropLast().last?.number ?? 1
        let columns = right.shape?.last?.number ?? 1
        let (plane, overflow) = max(1, rows).multipliedReportingOverflow(by: max(1, columns))
        let (work, isHuge) = inner.addingReportingOverflow(overflow ? 0 : CallMeter.matrixCost / plane)
        return isHuge ? .max : work
    }
}

extension FunctionType {
    /// Products.
    static let products: [FunctionType] = [
        FunctionType("matmul", "input, other", spec: .matmul, pair: { try $0.matmul($1) }) { call in
            .tensor(try call.tensor(0).matmul(call.tensor(1)))
        },
        FunctionType("mm", "input, mat2", spec: .matmul) { call in .tensor(try call.tensor(0).mm(call.tensor(1))) },
        FunctionType("bmm", "input, mat2", spec: .matmul) { call in .tensor(try call.tensor(0).bmm(call.tensor(1))) },
        FunctionType("mv", "input, vec", spec: .matmul) { call in .tensor(try call.tensor(0).mv(call.tensor(1))) },
        FunctionType("dot", "input, tensor", spec: .matmul) { call in
            .tensor(try call.tensor(0).dotProduct(call.tensor(1)))
        },
        FunctionType("outer", "input, vec2", spec: .outer) { call in .tensor(try call.tensor(0).outer(call.tensor(1)))
        },
        FunctionType("addmm", "input, mat1, mat2, *, beta=1, alpha=1", spec: .addedProduct) { call in
            .tensor(
                try call.tensor(0).addmm(call.tensor(1), call.tensor(2), beta: call.number(3), alpha: call.number(4))
            )
        },
        FunctionType("baddbmm", "input, batch1, batch2, *, beta=1, alpha=1", spec: .addedProduct) { call in
            .tensor(
                try call.tensor(0).baddbmm(call.tensor(1), call.tensor(2), beta: call.number(3), alpha: call.number(4))
            )
        },
        FunctionType("einsum", "equation, *operands", spec: .einsum) { call in
            .tensor(try .einsum(call.string(0), call.tensors(of: 1)))
        },
        attention,
    ]

    private static let attention = FunctionType(
        "scaled_dot_product_attention",
        "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
        spec: .attention
    ) { call in
        let options = Tensor.AttentionOptions(
            mask: try call.optionalTensor(3),
            dropout: try call.double(4),
            isCausal: try call.bool(5),
            scale: try call.optionalDouble(6),
            sharesHeads: try call.bool(7)
        )
        return .tensor(
            try .scaledDotProductAttention(
                call.tensor(0),
                call.tensor(1),
                call.tensor(2),
                options,
                generator: call.generator
            )
        )
    }
}

extension FunctionCall {
    /// Returns tensors, apart or in one list.
    fileprivate func tensors(of index: Int) throws(ModuleError) -> [Tensor] {
        guard let elements = values[index].elements, elements.count == 1, let inner = elements[0].elements else {
            return try tensors(index)
        }
        let tensors = inner.compactMap(\.tensor)
        guard tensors.count == inner.count else { throw mismatch(index, "tuple of Tensors") }
        return tensors
    }
}

extension SpecRule {
    /// Each number of the one with each of the other.
    fileprivate static let outer = SpecRule { call in
        guard call.tensor(0).rank == 1, call.tensor(1).rank == 1 else { return .unknown }
        return .tensor(.broadcast([call.tensor(0).unsqueezed(1), call.tensor(1).unsqueezed(0)]))
    }

    /// Sums of products along letters.
    fileprivate static let einsum = SpecRule(
        rule: { $0.einsum?.output ?? .unknown },
        workPerElement: { $0.einsum?.work ?? 1 }
    )

    /// A matrix product, and something added to it.
    fileprivate static let addedProduct = SpecRule(
        rule: { call in
            let product = call.tensor(1).matmul(call.tensor(2))
            guard let shape = product.shape else { return .unknown }
            let sum = TensorSpec.broadcast([call.tensor(0), product])
            return .tensor(sum.shape == shape ? sum : .unknown)
        },
        workPerElement: { $0.productWork(1, 2) }
    )

    /// The queries with as many entries in the last axis as the values have.
    fileprivate static let attention = SpecRule(
        rule: { call in
            let (query, key, value) = (call.tensor(0), call.tensor(1), call.tensor(2))
            // What drops weights draws, and is not joined.
            guard case .constant(.float(0)) = call.values[4] else { return .unknown }
            guard let rank = query.rank, rank >= 2, key.rank == rank, value.rank == rank, query.rows == key.rows,
                query.rows == value.rows, (call.values[3].tensor?.rows ?? TensorSpec.Rows.none) == TensorSpec.Rows.none,
                query.batchAxis.map({ $0 < rank - 2 }) ?? true, let last = value.shape?.last
            else { return .unknown }
            return .tensor(query.resized(-1, to: last))
        },
        workPerElement: { call in
            let keys = call.tensor(1).shape ?? []
            let (count, size) = (keys.dropLast().last?.number ?? 1, keys.last?.number ?? 1)
            let width = max(1, call.tensor(2).shape?.last?.number ?? 1)
            // Each query meets each key once, and each key's value; shared by the elements that the query gives.
            let (product, overflow) = count.multipliedReportingOverflow(by: 2 + size / width)
            return overflow ? .max : product
        }
    )
}
