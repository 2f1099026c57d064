import Tensors

extension FunctionType {
    /// Tensors made of numbers.
    static let making: [FunctionType] = constants + ranges

    private static let ranges: [FunctionType] = [
        FunctionType("arange", "start=0, end=None, step=1, *, dtype=None") { call in
            guard let end = try call.optionalNumber(1) else {
                return .tensor(try .arange(to: call.number(0), dtype: call.optionalDType(3)))
            }
            return .tensor(
                try .arange(call.number(0), to: end, step: call.number(2), dtype: call.optionalDType(3))
            )
        },
        FunctionType("linspace", "start, end, steps, *, dtype=None") { call in
            .tensor(try .linspace(call.number(0), call.number(1), steps: call.int(2), dtype: call.dtype(3)))
        },
        FunctionType("eye", "n, m=None, *, dtype=None") { call in
            .tensor(try .eye(call.int(0), call.optionalInt(1), dtype: call.dtype(2)))
        },
        FunctionType("one_hot", "input, num_classes=-1", spec: .oneHot) { call in
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
        FunctionType("full", "size, fill_value, *, dtype=None") { call in
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
            guard let shape = call.sizes(index), shape.allSatisfy({ $0.isBatch || $0.number != nil }),
                call.isNone(1) || call.dtype(1) != nil
            else { return .unknown }
            let batches = shape.indices.filter { shape[$0].isBatch }
            guard batches.count <= 1 else { return .unknown }
            let rows = batches.first.map(TensorSpec.Rows.axis) ?? .none
            return .tensor(TensorSpec(shape: shape, dtype: call.dtype(1) ?? .float32, rows: rows))
        }
    }

    fileprivate static let oneHot = of { spec, call in
        guard let classes = call.int(1), classes > 0, let shape = spec.shape else { return nil }
        return TensorSpec(shape: shape + [.fixed(classes)], dtype: .int64, rows: spec.rows)
    }
}
