import Tensors

extension FunctionType {
    /// The functional forms of layers.
    static let layers: [FunctionType] = weighted + normalizing + pooling

    private static let weighted: [FunctionType] = [
        FunctionType("linear", "input, weight, bias=None", spec: .linear) { call in
            .tensor(try call.tensor(0).linear(weight: call.tensor(1), bias: call.optionalTensor(2)))
        },
        FunctionType("bilinear", "input1, input2, weight, bias=None", spec: .bilinear) { call in
            .tensor(
                try .bilinear(call.tensor(0), call.tensor(1), weight: call.tensor(2), bias: call.optionalTensor(3))
            )
        },
        FunctionType("embedding", "input, weight, padding_idx=None", indices: [0], spec: .embedding) { call in
            .tensor(try .embedding(weight: call.tensor(1), indices: call.tensor(0), paddingIndex: call.optionalInt(2)))
        },
        FunctionType(
            "embedding_bag",
            "input, weight, offsets=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, mode='mean', sparse=False, "
                + "per_sample_weights=None, include_last_offset=False, padding_idx=None",
            indices: [0, 2],
            spec: .bags
        ) { call in
            // A call never changes a tensor, so that no row can be made shorter.
            guard call.values[3].isNone else { throw call.mismatch(3, "None") }
            guard let mode = EmbeddingBags.Mode(rawValue: try call.string(6)) else { throw ModuleError.layer(.bagMode) }
            var bags = EmbeddingBags(mode, paddingIndex: try call.paddingIndex(10, of: call.tensor(1)))
            (bags.scalesByFrequency, bags.includesLastOffset) = (try call.bool(5), try call.bool(9))
            if mode == .max, bags.scalesByFrequency { throw ModuleError.layer(.scaledMaximum) }
            if mode == .max, try call.bool(7) { throw ModuleError.layer(.sparseMaximum) }
            return .tensor(
                try .embeddingBag(
                    weight: call.tensor(1),
                    indices: call.tensor(0),
                    offsets: call.optionalTensor(2),
                    sampleWeights: call.optionalTensor(8),
                    bags
                )
            )
        },
        FunctionType("dropout", "input, p=0.5, training=True, inplace=False", spec: .dropout) { call in
            guard try call.bool(2) else { return .tensor(try call.tensor(0)) }
            return .tensor(try call.tensor(0).dropout(p: call.double(1), generator: call.generator))
        },
    ]

    private static let normalizing: [FunctionType] = [
        FunctionType("layer_norm", "input, normalized_shape, weight=None, bias=None, eps=1e-5", spec: .normalized) {
            call in
            .tensor(
                try call.tensor(0).layerNorm(
                    normalizedShape: call.ints(1),
                    weight: call.optionalTensor(2),
                    bias: call.optionalTensor(3),
                    epsilon: call.double(4)
                )
            )
        },
        FunctionType("rms_norm", "input, normalized_shape, weight=None, eps=None", spec: .normalized) { call in
            .tensor(
                try call.tensor(0).rmsNorm(
                    normalizedShape: call.ints(1),
                    weight: call.optionalTensor(2),
                    epsilon: call.optionalDouble(3)
                )
            )
        },
        FunctionType("group_norm", "input, num_groups, weight=None, bias=None, eps=1e-5", spec: .groupNorm) { call in
            .tensor(
                try call.tensor(0).groupNorm(
                    groups: call.int(1),
                    weight: call.optionalTensor(2),
                    bias: call.optionalTensor(3),
                    epsilon: call.double(4)
                )
            )
        },
        FunctionType(
            "batch_norm",
            "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5",
            spec: .perImage { $0.bool(5) == false }
        ) { call in
            // A call never changes a module: the running statistics stay, whatever the momentum.
            .tensor(
                try call.tensor(0).batchNorm(
                    mean: call.optionalTensor(1),
                    variance: call.optionalTensor(2),
                    weight: call.optionalTensor(3),
                    bias: call.optionalTensor(4),
                    training: call.bool(5),
                    epsilon: call.double(7)
                )
            )
        },
    ]

    private static let pooling: [FunctionType] = (1...3).flatMap { axes in
        [
            FunctionType(
                "max_pool\(axes)d",
                "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
                spec: .pool(axes: axes, dilation: 4, ceil: 5, indices: 6)
            ) { call in
                let steps = try call.poolSteps(axes, dilation: call.spread(4, over: axes), isCeiled: call.bool(5))
                guard try call.bool(6) else { return .tensor(try call.tensor(0).largestInWindows(steps)) }
                let found = try call.tensor(0).maxPool(steps, asksForIndices: true)
                return .tensors([found.values, found.indices])
            },
            FunctionType(
                "avg_pool\(axes)d",
                "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
                spec: .pool(axes: axes, ceil: 4)
            ) { call in
                let steps = try call.poolSteps(axes, dilation: nil, isCeiled: call.bool(4))
                return .tensor(
                    try call.tensor(0).averagePool(steps, countsPadding: call.bool(5), divisor: call.optionalInt(6))
                )
            },
            FunctionType(
                "conv\(axes)d",
                "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
                spec: .convolution(axes: axes)
            ) { call in
                let padding: ConvolutionSteps.Padding =
                    switch call.values[4] {
                    case .string("same"): .same
                    case .string("valid"): .zeros([Int](repeating: 0, count: axes))
                    default: .zeros(try call.spread(4, over: axes))
                    }
                let steps = ConvolutionSteps(
                    stride: try call.spread(3, over: axes),
                    padding: padding,
                    dilation: try call.spread(5, over: axes),
                    groups: try call.int(6)
                )
                return .tensor(
                    try call.tensor(0).convolution(weight: call.tensor(1), bias: call.optionalTensor(2), steps: steps)
                )
            },
        ]
    }
}

extension FunctionCall {
    /// Returns the row that counts in no bag, counted from the front.
    fileprivate func paddingIndex(_ index: Int, of table: Tensor) throws -> Int? {
        guard let padding = try optionalInt(index) else { return nil }
        return try EmbeddingTable.padding(padding, of: table.shape.first ?? 0, isBag: true)
    }

    /// Returns a number for each of `axes`: those that are given, or one for all.
    func spread(_ index: Int, over axes: Int) throws -> [Int] {
        let numbers = try ints(index)
        guard numbers.count != 1 else { return [Int](repeating: numbers[0], count: axes) }
        guard numbers.count == axes else { throw mismatch(index, "tuple of \(axes) ints") }
        return numbers
    }

    fileprivate func poolSteps(_ axes: Int, dilation: [Int]?, isCeiled: Bool) throws -> PoolSteps {
        let kernel = try spread(1, over: axes)
        let isSpaced = values[2].elements.map { !$0.isEmpty } ?? !values[2].isNone
        return PoolSteps(
            kernel: kernel,
            stride: isSpaced ? try spread(2, over: axes) : kernel,
            padding: try spread(3, over: axes),
            dilation: dilation,
            isCeiled: isCeiled
        )
    }
}

extension SpecRule {
    /// The last axis as long as the weight has rows.
    fileprivate static let linear = SpecRule(
        rule: { call in
            let (input, weight) = (call.tensor(0), call.tensor(1))
            guard weight.rows == .none, let shape = weight.shape, shape.count == 2 else { return .unknown }
            return .tensor(input.resized(-1, to: shape[0]))
        },
        workPerElement: { $0.tensor(0).shape?.last?.number ?? 1 }
    )

    /// The last axis as long as the weight has matrices.
    fileprivate static let bilinear = SpecRule(
        rule: { call in
            let (first, second, weight) = (call.tensor(0), call.tensor(1), call.tensor(2))
            guard weight.rows == .none, let size = weight.shape?.first, weight.rank == 3, first.rows == second.rows,
                first.shape?.dropLast() == second.shape?.dropLast()
            else { return .unknown }
            return .tensor(first.resized(-1, to: size))
        },
        workPerElement: { call in
            let sizes = call.tensor(2).shape?.dropFirst().reduce(.fixed(1), *)
            return max(1, sizes?.number ?? 1)
        }
    )

    /// One more axis, as long as the weight has columns.
    fileprivate static let embedding = of { input, call in
        let weight = call.tensor(1)
        guard weight.rows == .none, let width = weight.shape?.last, let shape = input.shape else { return nil }
        return TensorSpec(shape: shape + [width], dtype: weight.dtype, rows: input.rows)
    }

    /// A row for each row of indices.
    fileprivate static let bags = of { indices, call in
        let weight = call.tensor(1)
        guard weight.rows == .none, let width = weight.shape?.last, let shape = indices.shape, shape.count == 2,
            call.isNone(2), call.isNone(8)
        else { return nil }
        return TensorSpec(
            shape: [shape[0], width],
            dtype: weight.dtype,
            rows: indices.batchAxis == 1 ? .mixed : indices.rows
        )
    }

    /// The same, image by image, where a group has more than one number.
    fileprivate static let groupNorm = perImage { call in
        let count = call.tensor(0).shape?.dropFirst().reduce(.fixed(1), *).number
        return (count ?? 0) > (call.int(1) ?? .max)
    }

    /// The same, unless it draws.
    fileprivate static let dropout = of { input, call in call.bool(2) == false ? input : nil }

    /// The same, where the rows are not along an axis that is normalized over.
    fileprivate static let normalized = of { input, call in
        guard let count = call.ints(1)?.count, let rank = input.rank else { return nil }
        return input.batchAxis.map { $0 < rank - count } ?? true ? input : input.with(rows: .mixed)
    }
}
