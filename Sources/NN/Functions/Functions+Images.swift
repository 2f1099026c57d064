import Tensors

extension FunctionType {
    /// The functional forms of layers over images: channels first, one to three axes behind them.
    static let images: [FunctionType] = adaptivePools + transposedConvolutions + powerPools + sizes + shuffles + folds

    private static let adaptivePools: [FunctionType] = (1...3).flatMap { axes in
        [
            FunctionType("adaptive_avg_pool\(axes)d", "input, output_size", spec: .adaptivePool(axes: axes)) { call in
                .tensor(try call.tensor(0).adaptiveAveragePool(call.outputSizes(1, over: axes)))
            },
            FunctionType(
                "adaptive_max_pool\(axes)d",
                "input, output_size, return_indices=False",
                spec: .adaptivePool(axes: axes, indices: 2)
            ) { call in
                let found = try call.tensor(0).adaptiveMaxPool(call.outputSizes(1, over: axes))
                return try call.bool(2) ? .tensors([found.values, found.indices]) : .tensor(found.values)
            },
        ]
    }

    private static let transposedConvolutions: [FunctionType] = (1...3).map { axes in
        FunctionType(
            "conv_transpose\(axes)d",
            "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
            spec: .convolution(axes: axes, isTransposed: true)
        ) { call in
            let steps = ConvolutionSteps(
                stride: try call.spread(3, over: axes),
                padding: .zeros(try call.spread(4, over: axes)),
                dilation: try call.spread(7, over: axes),
                groups: try call.int(6),
                outputPadding: try call.spread(5, over: axes)
            )
            return .tensor(
                try call.tensor(0).transposedConvolution(
                    weight: call.tensor(1),
                    bias: call.optionalTensor(2),
                    steps: steps
                )
            )
        }
    }

    private static let powerPools: [FunctionType] = (1...3).map { axes in
        FunctionType(
            "lp_pool\(axes)d",
            "input, norm_type, kernel_size, stride=None, ceil_mode=False",
            spec: .powerPool(axes: axes)
        ) { call in
            let kernel = try call.spread(2, over: axes)
            let steps = PoolSteps(
                kernel: kernel,
                stride: call.values[3].isNone ? kernel : try call.spread(3, over: axes),
                padding: [Int](repeating: 0, count: axes),
                dilation: nil,
                isCeiled: try call.bool(4)
            )
            return .tensor(try call.tensor(0).powerPool(call.double(1), steps))
        }
    }

    private static let sizes: [FunctionType] = [
        FunctionType(
            "interpolate",
            "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None",
            spec: .resized
        ) { call in
            let layer = Upsample(
                size: try call.axisSizes(1),
                scaleFactor: try call.axisFactors(2),
                mode: try call.string(3),
                alignCorners: try call.optionalBool(4),
                recomputeScaleFactor: try call.optionalBool(5)
            )
            return .tensor(try layer.forward(call.tensor(0)))
        }
    ]

    private static let shuffles: [FunctionType] = [
        FunctionType("pixel_shuffle", "input, upscale_factor", spec: .shuffled(isUp: true)) { call in
            .tensor(try call.tensor(0).pixelShuffle(factor: call.int(1)))
        },
        FunctionType("pixel_unshuffle", "input, downscale_factor", spec: .shuffled(isUp: false)) { call in
            .tensor(try call.tensor(0).pixelUnshuffle(factor: call.int(1)))
        },
        FunctionType("channel_shuffle", "input, groups", spec: .perImage()) { call in
            .tensor(try call.tensor(0).channelShuffle(groups: call.int(1)))
        },
    ]

    private static let folds: [FunctionType] = [
        FunctionType("unfold", "input, kernel_size, dilation=1, padding=0, stride=1", spec: .unfolded) { call in
            .tensor(try call.tensor(0).unfolded(call.foldSteps(1)))
        },
        FunctionType("fold", "input, output_size, kernel_size, dilation=1, padding=0, stride=1", spec: .folded) {
            call in
            .tensor(try call.tensor(0).folded(to: call.spread(1, over: 2), call.foldSteps(2)))
        },
    ]
}

extension FunctionCall {
    /// Returns the sizes of a pool's output; None keeps an axis.
    fileprivate func outputSizes(_ index: Int, over axes: Int) throws -> [Int?] {
        if values[index].isNone { return [Int?](repeating: nil, count: axes) }
        if let number = values[index].wholeNumber { return [Int?](repeating: number, count: axes) }
        let sizes = (values[index].elements ?? []).map {
            $0.isNone ? .some(Int?.none) : $0.wholeNumber.map(Optional.some)
        }
        guard sizes.count == axes, !sizes.contains(where: { $0 == nil }) else {
            throw mismatch(index, "tuple of \(axes) ints")
        }
        if axes > 1, try tensor(0).rank <= axes { throw ModuleError.layer(.listedSizes(least: axes + 1)) }
        return sizes.map { $0 ?? nil }
    }

    /// Returns a number for all axes or one for each; `nil` for None.
    fileprivate func axisSizes(_ index: Int) throws -> AxisSizes? {
        if values[index].isNone { return nil }
        if let number = values[index].wholeNumber { return .all(number) }
        return .each(try ints(index))
    }

    fileprivate func axisFactors(_ index: Int) throws -> AxisFactors? {
        if values[index].isNone { return nil }
        if let number = values[index].number { return .all(number) }
        let numbers = values[index].elements?.map(\.number)
        guard let numbers, !numbers.contains(nil) else { throw mismatch(index, "tuple of floats") }
        return .each(numbers.compactMap(\.self))
    }

    /// Returns the windows of a fold, whose kernel is the argument at `index`.
    fileprivate func foldSteps(_ index: Int) throws -> PoolSteps {
        PoolSteps(
            kernel: try spread(index, over: 2),
            stride: try spread(index + 3, over: 2),
            padding: try spread(index + 2, over: 2),
            dilation: try spread(index + 1, over: 2)
        )
    }
}
