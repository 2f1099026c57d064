import Tensors

extension FunctionType {
    /// Tensors made of numbers.
    static let making: [FunctionType] = constants + ranges

    private static let ranges: [FunctionType] = [
        FunctionType("arange", "start=0, end=None, step=1, *, dtype=None", spec: .range) { call in
            guard let end = try call.optionalNumber(1) else {
                return .tensor(try .arange(to: call.number(0), dtype: call.optionalDType(3)))
            }
            return .tensor(
                try .arange(call.number(0), to: end, step: call.number(2), dtype: call.optionalDType(3))
            )
        },
        FunctionType("linspace", "start, end, steps, *, dtype=None", spec: .steps) { call in
            .tensor(try .linspace(call.number(0), call.number(1), steps: call.int(2), dtype: call.dtype(3)))
        },
        FunctionType("eye", "n, m=None, *, dtype=None", spec: .eye) { call in
            .tensor(try .eye(call.int(0), call.optionalInt(1), dtype: call.dtype(2)))
        },
        FunctionType("one_hot", "input, num_classes=-1", indices: [0], spec: .oneHot) { call in
            .tensor(try call.tensor(0).oneHot(classes: call.int(1)))
        },
    ]

    private static let constants: [FunctionType] = [
        FunctionType("zeros", "*size, dtype=None", spec: .filled(0).ofSizes) { call in
            .tensor(try .zeros(call.shape(0), dtype: call.dtype(1)))
        },
        FunctionType("ones", "*size, dtype=None", spec: .filled(0).ofSizes) { call in
            .tensor(try .ones(call.shape(0), dtype: call.dtype(1)))
        },
        FunctionType("full", "size, fill_value, *, dtype=None", spec: .full.ofSizes) { call in
            .tensor(try .full(call.number(1), shape: Shape(checking: call.ints(0)), dtype: call.optionalDType(2)))
        },
        FunctionType("zeros_like", "input, *, dtype=None", spec: .like) { call in
            .tensor(try .zeros(call.tensor(0).shape, dtype: call.dtype(1, call.tensor(0).dtype)))
        },
        // What is not set is set to zeros.
        FunctionType("empty_like", "input, *, dtype=None", spec: .like) { call in
            .tensor(try .zeros(call.tensor(0).shape, dtype: call.dtype(1, call.tensor(0).dtype)))
        },
        FunctionType("ones_like", "input, *, dtype=None", spec: .like) { call in
            .tensor(try .ones(call.tensor(0).shape, dtype: call.dtype(1, call.tensor(0).dtype)))
        },
        FunctionType("full_like", "input, fill_value, *, dtype=None", spec: .fullLike) { call in
            .tensor(try .full(call.number(1), shape: call.tensor(0).shape, dtype: call.dtype(2, call.tensor(0).dtype)))
        },
    ]

    /// Tensors drawn from the generator of the call.
    static let draws: [FunctionType] = [
        FunctionType("rand", "*size, dtype=None", isRandom: true) { call in
            .tensor(try .uniform(call.shape(0), dtype: call.dtype(1), generator: call.generator))
        },
        FunctionType("randn", "*size, dtype=None", isRandom: true) { call in
            .tensor(try .normal(call.shape(0), dtype: call.dtype(1), generator: call.generator))
        },
        FunctionType("rand_like", "input, *, dtype=None", isRandom: true) { call in
            let (shape, dtype) = (try call.tensor(0).shape, try call.dtype(1, call.tensor(0).dtype))
            return .tensor(try .uniform(shape, dtype: dtype, generator: call.generator))
        },
        FunctionType("randn_like", "input, *, dtype=None", isRandom: true) { call in
            let (shape, dtype) = (try call.tensor(0).shape, try call.dtype(1, call.tensor(0).dtype))
            return .tensor(try .normal(shape, dtype: dtype, generator: call.generator))
        },
        FunctionType("randint", "low, high=None, size=None, *, dtype=None", isRandom: true) { call in
            // Without a lower bound everything stands one place earlier.
            let isShort = call.isList(1) || (call.values[1].isNone && !call.values[2].isNone)
            let (low, high) = isShort ? (0, try call.int(0)) : (try call.int(0), try call.int(1))
            let shape = try Shape(checking: call.isList(1) ? call.ints(1) : call.ints(2))
            return .tensor(
                try .randint(low, high, shape: shape, dtype: call.dtype(3, .int64), generator: call.generator)
            )
        },
        FunctionType("randperm", "n, *, dtype=None", isRandom: true) { call in
            .tensor(try .randperm(call.int(0), dtype: call.dtype(1, .int64), generator: call.generator))
        },
        FunctionType("bernoulli", "input, p=None", isRandom: true) { call in
            guard let p = try call.optionalDouble(1) else {
                return .tensor(try call.tensor(0).bernoulli(generator: call.generator))
            }
            let (shape, dtype) = (try call.tensor(0).shape, try call.tensor(0).dtype)
            return .tensor(try .bernoulli(shape, probability: p, dtype: dtype, generator: call.generator))
        },
        FunctionType("multinomial", "input, num_samples, replacement=False", isRandom: true) { call in
            let (count, replaces) = (try call.int(1), try call.bool(2))
            return .tensor(try call.tensor(0).multinomial(count, replacement: replaces, generator: call.generator))
        },
        FunctionType("normal", "mean=0.0, std=1.0, size=None", isRandom: true) { call in
            guard call.values[2].isNone else {
                let shape = try Shape(checking: call.ints(2))
                return .tensor(
                    try .normal(shape, mean: call.double(0), deviation: call.double(1), generator: call.generator)
                )
            }
            return .tensor(try .normal(mean: call.operand(0), deviation: call.operand(1), generator: call.generator))
        },
    ]
}

extension SpecRule {
    /// The shape of the first argument, with the dtype that is named.
    fileprivate static let like = of { spec, call in spec.with(dtype: call.dtype(1) ?? spec.dtype) }

    fileprivate static let fullLike = of { spec, call in spec.with(dtype: call.dtype(2) ?? spec.dtype) }

    /// The same number everywhere, in as many rows as the sizes say.
    fileprivate static func filled(_ index: Int) -> SpecRule {
        SpecRule { call in
            guard call.isNone(1) || call.dtype(1) != nil else { return .unknown }
            return call.filled(index, call.dtype(1) ?? .float32)
        }
    }

    /// The same, of the type of the number unless one is named.
    fileprivate static let full = SpecRule { call in
        let dtype: DType? =
            switch call.values[1] {
            case .constant(.bool): .bool
            case .constant(.integer), .size(.fixed): .int64
            case .constant(.float): .float32
            // A number that grows with the batch is not the same in every call.
            case .constant, .size, .tensor, .slice, .tuple, .list, .dictionary, .unknown: nil
            }
        guard let dtype, call.isNone(2) || call.dtype(2) != nil else { return .unknown }
        return call.filled(0, call.dtype(2) ?? dtype)
    }

    /// As many whole numbers as lie between the bounds; of others the count is not told.
    fileprivate static let range = SpecRule { call in
        guard let step = call.int(2), step != 0, let first = call.int(0), call.isLeftOut(1) || call.int(1) != nil else {
            let isOfFloats = call.values[..<3].contains { if case .constant(.float) = $0 { true } else { false } }
            return .tensor(TensorSpec(shape: [.unknown], dtype: call.dtype(3), rows: isOfFloats ? .none : .mixed))
        }
        let (start, end) = call.int(1).map { (first, $0) } ?? (0, first)
        let (distance, overflow) = (step > 0 ? end : start).subtractingReportingOverflow(step > 0 ? start : end)
        let size = step.magnitude
        let count = overflow ? nil : (UInt(max(0, distance)) + (size - 1)) / size
        let extent = count.flatMap { Int(exactly: $0) }.map(Extent.fixed) ?? .unknown
        return .tensor(TensorSpec(shape: [extent], dtype: call.dtype(3) ?? .int64, rows: .none))
    }

    fileprivate static let steps = SpecRule { call in
        let extent = call.int(2).flatMap { $0 < 0 ? nil : Extent.fixed($0) } ?? .unknown
        return .tensor(
            TensorSpec(shape: [extent], dtype: call.dtype(3) ?? .float32, rows: call.int(2) == nil ? .mixed : .none)
        )
    }

    fileprivate static let eye = SpecRule { call in
        guard let rows = call.int(0), let columns = call.isLeftOut(1) ? rows : call.int(1), min(rows, columns) >= 0
        else {
            return .unknown
        }
        let dtype = call.dtype(2) ?? .float32
        return .tensor(TensorSpec(shape: [.fixed(rows), .fixed(columns)], dtype: dtype, rows: .none))
    }

    fileprivate static let oneHot = of { spec, call in
        guard let classes = call.int(1), classes > 0, let shape = spec.shape else { return nil }
        return TensorSpec(shape: shape + [.fixed(classes)], dtype: .int64, rows: spec.rows)
    }
}

extension SpecCall {
    /// Returns a tensor of one number, with the sizes that the argument at `index` names.
    fileprivate func filled(_ index: Int, _ dtype: DType) -> ValueSpec {
        guard let shape = sizes(index), shape.allSatisfy({ $0.isBatch || $0.number != nil }) else { return .unknown }
        let batches = shape.indices.filter { shape[$0].isBatch }
        guard batches.count <= 1 else { return .unknown }
        return .tensor(TensorSpec(shape: shape, dtype: dtype, rows: batches.first.map(TensorSpec.Rows.axis) ?? .none))
    }
}
