import Tensors

/// What is known of the results of functions over images: channels first, one to three axes behind them.
extension SpecRule {
    /// A convolution over `axes` axes, in either direction.
    static func convolution(axes: Int, isTransposed: Bool = false) -> SpecRule {
        let (groups, dilation) = isTransposed ? (6, 7) : (6, 5)
        return SpecRule(
            rule: { call in
                let weight = call.tensor(1)
                guard weight.rows == .none, call.tensor(2).rows == .none || call.isNone(2),
                    let form = weight.shape?.map(\.number), form.count == axes + 2, !form.contains(nil),
                    let parts = call.int(groups)
                else { return .unknown }
                let kernel = form.dropFirst(2).compactMap(\.self)
                let channels = Extent.fixed(form[isTransposed ? 1 : 0] ?? 0) * .fixed(isTransposed ? parts : 1)
                return .images(
                    [call.values[0]],
                    axes: axes,
                    channels: { _ in channels },
                    sizes: { sizes in
                        sizes.enumerated().map { axis, size in
                            call.convolved(size, kernel[axis], axis, axes, dilation, isTransposed: isTransposed)
                        }
                    }
                )
            },
            workPerElement: { call in
                let form = call.tensor(1).shape?.compactMap(\.number) ?? []
                return form.dropFirst().reduce(1) { product, size in
                    let (next, overflow) = product.multipliedReportingOverflow(by: max(1, size))
                    return overflow ? .max : next
                }
            }
        )
    }

    /// A pool over windows of `axes` axes; with the places where a flag at `indices` asks for them.
    static func pool(axes: Int, dilation: Int? = nil, ceil: Int, indices: Int? = nil) -> SpecRule {
        SpecRule(
            rule: { call in
                guard let steps = call.poolSteps(axes, dilation: dilation, ceil: ceil) else {
                    return call.pooled(call.resizedImages(axes), indices)
                }
                return call.pooled(.images([call.values[0]], axes: axes, sizes: steps.outputExtents), indices)
            },
            workPerElement: { call in
                CallMeter.windows(of: call.poolSteps(axes, dilation: dilation, ceil: ceil)?.area ?? 1)
            }
        )
    }

    /// A power mean of windows of `axes` axes.
    static func powerPool(axes: Int) -> SpecRule {
        SpecRule(
            rule: { call in
                guard let steps = call.powerSteps(axes) else { return call.resizedImages(axes) }
                return ValueSpec.images([call.values[0]], axes: axes, sizes: steps.outputExtents).ofFloats
            },
            workPerElement: { CallMeter.windows(of: $0.powerSteps(axes)?.area ?? 1) }
        )
    }

    /// Windows as columns.
    static let unfolded = SpecRule { call in
        guard let kernel = call.axisSizes(1), let dilation = call.axisSizes(2), let padding = call.axisSizes(3),
            let stride = call.axisSizes(4),
            let layer = try? Unfold(kernelSize: kernel, dilation: dilation, padding: padding, stride: stride)
        else { return .unknown }
        return layer.outputSpec(for: [call.values[0]])
    }

    /// Columns as windows.
    static let folded = SpecRule { call in
        guard let size = call.axisSizes(1), let kernel = call.axisSizes(2), let dilation = call.axisSizes(3),
            let padding = call.axisSizes(4), let stride = call.axisSizes(5),
            let layer = try? Fold(
                outputSize: size,
                kernelSize: kernel,
                dilation: dilation,
                padding: padding,
                stride: stride
            )
        else { return .unknown }
        return layer.outputSpec(for: [call.values[0]])
    }

    /// A pool to sizes that the argument at 1 says.
    static func adaptivePool(axes: Int, indices: Int? = nil) -> SpecRule {
        SpecRule { call in
            let wanted = call.values[1].elements ?? [ValueSpec](repeating: call.values[1], count: axes)
            guard wanted.count == axes else { return .unknown }
            return call.pooled(
                .images(
                    [call.values[0]],
                    axes: axes,
                    sizes: { sizes in zip(wanted, sizes).map { $0.keepsSize ? $1 : $0.extent ?? .unknown } }
                ),
                indices
            )
        }
    }

    /// Images whose channels stay and whose sizes are not told.
    static let resized = SpecRule { call in
        guard let rank = call.tensor(0).rank, (3...5).contains(rank) else { return .unknown }
        if call.isLeftOut(1), let factors = call.factors(2) {
            return Upsample(scaleFactor: factors).outputSpec(for: [call.values[0]])
        }
        guard let given = call.ints(1), given.count == 1 || given.count == rank - 2 else {
            return call.resizedImages(rank - 2)
        }
        let sizes = (0..<rank - 2).map { Extent.fixed(given[given.count == 1 ? 0 : $0]) }
        return .images([call.values[0]], axes: rank - 2, sizes: { _ in sizes })
    }

    /// Pixels that become channels, or channels that become pixels.
    static func shuffled(isUp: Bool) -> SpecRule {
        SpecRule { call in
            guard let number = call.int(1), number > 0 else { return .unknown }
            let factor = Extent.fixed(number)
            guard isUp else { return .unshuffledImages([call.values[0]], by: factor) }
            return .images(
                [call.values[0]],
                axes: 2,
                channels: { $0 / (factor * factor) },
                sizes: { $0.map { $0 * factor } }
            )
        }
    }

    /// The same shape; each image, the first axis, for itself.
    static func perImage(_ isApart: @escaping @Sendable (SpecCall) -> Bool = { _ in true }) -> SpecRule {
        of { spec, call in
            guard let rank = spec.rank, rank >= 2 else { return nil }
            let others = call.values.dropFirst().flatMap(\.tensors)
            guard others.allSatisfy({ $0.rows == .none }), spec.rows == .none || spec.batchAxis == 0, isApart(call)
            else { return spec.with(rows: .mixed) }
            return spec
        }
    }
}

extension ValueSpec {
    /// Whether it is None, which keeps the size of an axis.
    fileprivate var keepsSize: Bool {
        if case .constant(.none) = self { true } else { false }
    }
}

extension SpecCall {
    func isNone(_ index: Int) -> Bool { values[index].isNone }

    /// Returns a number for each of `axes`; `nil` when they are not known.
    fileprivate func spread(_ index: Int, _ axes: Int) -> [Int]? {
        guard let numbers = ints(index), numbers.count == 1 || numbers.count == axes else { return nil }
        return numbers.count == axes ? numbers : [Int](repeating: numbers[0], count: axes)
    }

    /// The steps of a power mean; `nil` when they are not known.
    fileprivate func powerSteps(_ axes: Int) -> PoolSteps? {
        guard let kernel = spread(2, axes), let stride = isLeftOut(3) ? kernel : spread(3, axes), let isCeiled = bool(4)
        else { return nil }
        let padding = [Int](repeating: 0, count: axes)
        return PoolSteps(kernel: kernel, stride: stride, padding: padding, dilation: nil, isCeiled: isCeiled)
    }

    /// Returns a factor for all axes, or one for each; `nil` when they are not known.
    fileprivate func factors(_ index: Int) -> AxisFactors? {
        func number(_ value: ValueSpec) -> Double? {
            if case .constant(let constant) = value { constant.number } else { value.extent?.number.map { Double($0) } }
        }
        if let factor = number(values[index]) { return .all(factor) }
        let factors = values[index].elements?.map(number)
        return factors.flatMap { $0.contains(nil) ? nil : .each($0.compactMap(\.self)) }
    }

    /// Returns a size for all axes, or one for each; `nil` when they are not known.
    fileprivate func axisSizes(_ index: Int) -> AxisSizes? {
        ints(index).map { $0.count == 1 ? .all($0[0]) : .each($0) }
    }

    /// Images of unknown sizes.
    fileprivate func resizedImages(_ axes: Int) -> ValueSpec {
        .images([values[0]], axes: axes, sizes: { $0.map { _ in .unknown } })
    }

    fileprivate func convolved(
        _ size: Extent,
        _ kernel: Int,
        _ axis: Int,
        _ axes: Int,
        _ dilation: Int,
        isTransposed: Bool
    ) -> Extent {
        if case .constant(.string("same")) = values[4] { return size }
        let padding: [Int]? =
            if case .constant(.string) = values[4] { [Int](repeating: 0, count: axes) } else { spread(4, axes) }
        guard let size = size.number, let stride = spread(3, axes)?[axis], let padding = padding?[axis],
            let dilation = spread(dilation, axes)?[axis]
        else { return .unknown }
        guard isTransposed else {
            return .window(size, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
        }
        guard let extra = spread(5, axes)?[axis] else { return .unknown }
        return .transposed(
            size,
            kernel: kernel,
            stride: stride,
            padding: padding,
            dilation: dilation,
            extra: extra
        )
    }

    fileprivate func poolSteps(_ axes: Int, dilation: Int?, ceil: Int) -> PoolSteps? {
        let isSpaced = !isNone(2) && values[2].elements.map { !$0.isEmpty } ?? true
        guard let kernel = spread(1, axes), let padding = spread(3, axes), let isCeiled = bool(ceil) else { return nil }
        guard let stride = isSpaced ? spread(2, axes) : kernel else { return nil }
        let spacing = dilation.map { spread($0, axes) } ?? [Int](repeating: 1, count: axes)
        return spacing.map {
            PoolSteps(kernel: kernel, stride: stride, padding: padding, dilation: $0, isCeiled: isCeiled)
        }
    }

    /// The values of a pool, and their places if they are asked for.
    fileprivate func pooled(_ values: ValueSpec, _ indices: Int?) -> ValueSpec {
        guard let indices else { return values }
        switch bool(indices) {
        case false?: return values
        case true?: return .tuple([values, values.tensor.map { .tensor($0.with(dtype: .int64)) } ?? .unknown])
        case nil: return .unknown
        }
    }
}
