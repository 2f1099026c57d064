extension Tensor {
    /// Returns the largest number of each window, and its place in the plane: PyTorch's `F.max_pool1d` to `F.max_pool3d`.
    /// - Parameter asksForIndices: Whether PyTorch would be asked for the places, and so pool along two axes in place of one.
    public func maxPool(
        _ steps: PoolSteps,
        asksForIndices: Bool = false
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let operation = "max_pool\(steps.axes)d"
        if steps.axes == 1, asksForIndices, rank != 2, rank != 3 { throw .layer(.maxPoolRank(rank)) }
        let plane = try PoolInput(self, axes: steps.axes, operation: operation)
        let isLine = steps.axes == 1 && !asksForIndices
        let sizes = try isLine ? [steps.lineSize(of: plane.image[0])] : steps.outputSizes(of: plane)
        if isLine, !dtype.isFloatingPoint { throw .notImplemented(kernel: "max_pool1d_impl", dtype) }
        if dtype == .bool { throw .notImplemented(kernel: "max_pool\(Swift.max(2, steps.axes))d", dtype) }
        let regions = plane.regions(sizes) { steps.regions(of: $0, $1, count: $2) }
        return try plane.largest(regions, sizes, plane.node("MaxPool", "WithIndicesBackward0"))
    }

    /// Returns the largest number of each window, without its place.
    public func largestInWindows(_ steps: PoolSteps) throws(TensorError) -> Tensor {
        guard dtype == .float32, !Autograd.records(self) else { return try maxPool(steps).values }
        let plane = try PoolInput(self, axes: steps.axes, operation: "max_pool\(steps.axes)d")
        let sizes = try steps.axes == 1 ? [steps.lineSize(of: plane.image[0])] : steps.outputSizes(of: plane)
        guard let lines = LargestLines(input: self, steps: steps, image: plane.image, output: sizes) else {
            return try maxPool(steps).values
        }
        return try lines.result(try Shape(checking: plane.leading + sizes))
    }

    /// Returns the mean of each window: PyTorch's `F.avg_pool1d` to `F.avg_pool3d`.
    /// - Parameters:
    ///   - countsPadding: Whether the zeros around the image count.
    ///   - divisor: What to divide by in place of the count.
    public func averagePool(
        _ steps: PoolSteps,
        countsPadding: Bool = true,
        divisor: Int? = nil
    ) throws(TensorError) -> Tensor {
        if dtype == .int64 {
            // Whole numbers are divided as such; a sum beyond 2^53 loses digits here.
            let means = try converted(to: .float64).averagePool(steps, countsPadding: countsPadding, divisor: divisor)
            return try means.converted(to: .int64)
        }
        guard divisor != 0 else { throw .layer(.zeroDivisor) }
        // Over two axes PyTorch reads the channels, and looks at the windows, before it counts axes.
        if steps.axes == 2, rank < 3 { throw .dimensionOutOfRange(-3, rank: rank) }
        if steps.axes == 2, rank > 4 { try steps.checkMeasures() }
        let plane = try PoolInput(self, axes: steps.axes, operation: "avg_pool\(steps.axes)d")
        let sizes = try steps.outputSizes(of: plane, isMeanOfVolumes: steps.axes == 3)
        let regions = plane.regions(sizes) { steps.regions(of: $0, $1, count: $2) }
        let rule: MeanRule = divisor.map { .number($0) } ?? (countsPadding ? .extent : .numbers)
        return try plane.mean(regions, sizes, rule, plane.node("AvgPool", "Backward0"))
    }

    /// Returns the mean of each of `sizes` even parts along each axis, `nil` keeping the axis: PyTorch's
    /// `F.adaptive_avg_pool1d` to `F.adaptive_avg_pool3d`.
    public func adaptiveAveragePool(_ sizes: [Int?]) throws(TensorError) -> Tensor {
        if sizes.count > 1, sizes.allSatisfy({ $0 == 1 }), rank != sizes.count + 1, rank != sizes.count + 2 {
            // A mean over the last axes, and no pool: of any number of axes before them.
            return try mean(dims: (1...sizes.count).map { -$0 }, keepDim: true)
        }
        // Over three axes an empty one is found before they are counted.
        if sizes.count == 3, let axis = shape.indices.dropFirst().first(where: { shape[$0] == 0 }),
            !sizes.allSatisfy({ $0 == 1 })
        {
            throw .layer(
                .emptyAdaptiveInput(operation: "adaptive_avg_pool3d", input: shape.dimensions, axis: axis)
            )
        }
        let plane = try PoolInput(self, axes: sizes.count, operation: "adaptive_avg_pool\(sizes.count)d")
        let sizes = zip(sizes, plane.image).map { $0 ?? $1 }
        guard sizes.allSatisfy({ $0 >= 0 }) else {
            let shown = sizes.count == 1 ? [1] + sizes : sizes
            throw .layer(.negativeAdaptiveSize(axes: max(2, sizes.count), shown))
        }
        if sizes.count < 3, !dtype.isFloatingPoint, sizes.contains(0) {
            // Where nothing is computed, nobody asks of what.
            return try .zeros(Shape(checking: plane.leading + sizes), dtype: dtype)
        }
        let isWhole = sizes.allSatisfy { $0 == 1 }
        if !isWhole, !dtype.isFloatingPoint, sizes.count < 3, rank == sizes.count + 2, shape[0] == 0,
            shape.dropFirst().allSatisfy({ $0 > 0 })
        {
            // Without images there is no mean that whole numbers could not hold.
            return try .zeros(Shape(checking: plane.leading + sizes), dtype: dtype)
        }
        guard dtype.isFloatingPoint || !isWhole else { throw .meanNeedsFloats(dtype) }
        guard dtype.isFloatingPoint else {
            guard sizes.count < 3 else { throw .notImplemented(kernel: "adaptive_avg_pool3d_cpu", dtype) }
            // Where there is nothing to compute, nobody asks of what.
            try plane.checkFilled(from: rank - sizes.count)
            guard elementCount == 0 else { throw .notImplemented(kernel: "adaptive_avg_pool2d", dtype) }
            return try .zeros(Shape(checking: shape.dropLast(sizes.count) + sizes), dtype: dtype)
        }
        // Over three axes, and not in one go, no channel may be missing either.
        try plane.checkFilled(from: sizes.count == 3 && !isWhole ? 1 : rank - sizes.count)
        let regions = try plane.evenRegions(sizes)
        let node = isWhole && sizes.count > 1 ? NodeName("MeanBackward1") : plane.node("AdaptiveAvgPool", "Backward0")
        return try plane.mean(regions, sizes, .numbers, node)
    }

    /// Returns the largest number of each of `sizes` even parts along each axis, and its place in the plane.
    public func adaptiveMaxPool(_ sizes: [Int?]) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let plane = try PoolInput(self, axes: sizes.count, operation: "adaptive_max_pool\(sizes.count)d")
        let sizes = zip(sizes, plane.image).map { $0 ?? $1 }
        _ = try Shape(checking: plane.leading + (sizes.count == 1 ? [1] : []) + sizes)
        guard dtype.isFloatingPoint else {
            throw .notImplemented(kernel: sizes.count == 3 ? "adaptive_max_pool3d_cpu" : "adaptive_max_pool2d", dtype)
        }
        try plane.checkFilled(from: 1)
        let regions = try plane.evenRegions(sizes)
        return try plane.largest(regions, sizes, plane.node("AdaptiveMaxPool", "Backward0"))
    }
}

/// What a mean divides by.
enum MeanRule: Sendable {
    /// The numbers of the region.
    case numbers
    /// Its extent, padding included.
    case extent
    case number(Int)
}

/// The input of a pool: planes of one image each, in one batch or none.
struct PoolInput: Sendable {
    let tensor: Tensor
    let axes: Int
    private let operation: String

    init(_ tensor: Tensor, axes: Int, operation: String) throws(TensorError) {
        guard tensor.rank == axes + 1 || tensor.rank == axes + 2 else {
            throw .layer(.poolRank(operation: operation, axes: axes, input: tensor.shape.dimensions))
        }
        (self.tensor, self.axes, self.operation) = (tensor, axes, operation)
        if !operation.hasPrefix("adaptive") { try checkNotEmpty() }
    }

    /// Only a batch may be empty.
    func checkNotEmpty() throws(TensorError) {
        guard tensor.shape.suffix(axes + 1).allSatisfy({ $0 > 0 }) else {
            throw .layer(.emptyPoolInput(input: tensor.shape.dimensions))
        }
    }

    /// Refuses an adaptive pool's input with an empty axis from `first` on.
    func checkFilled(from first: Int) throws(TensorError) {
        guard let axis = tensor.shape.indices.dropFirst(first).first(where: { tensor.shape[$0] == 0 }) else { return }
        throw .layer(.emptyAdaptiveInput(operation: operation, input: tensor.shape.dimensions, axis: axis))
    }

    var image: [Int] { Array(tensor.shape.suffix(axes)) }
    var leading: [Int] { Array(tensor.shape.dropLast(axes)) }
    var channels: Int { leading[leading.count - 1] }
    private var planes: Int { leading.reduce(1, *) }

    /// The name of the node; PyTorch makes two axes of one and takes the first away at the end.
    func node(_ name: String, _ suffix: String) -> NodeName {
        axes == 1 ? .squeezeAxis : NodeName("\(name)\(axes)D\(suffix)")
    }

    func regions(_ sizes: [Int], _ make: (_ image: Int, _ axis: Int, _ count: Int) -> PoolRegions.Axis) -> PoolRegions {
        PoolRegions(image.indices.map { make(image[$0], $0, sizes[$0]) }, image: image)
    }

    /// Returns as many even parts as there are `sizes`, once there is room for a result of them.
    func evenRegions(_ sizes: [Int]) throws(TensorError) -> PoolRegions {
        let count = try Shape(checking: leading + sizes).elementCount
        try TensorBody.check(saturating: count, Int64.dtype.itemSize)
        return regions(sizes) { image, _, size in PoolRegions.Axis(adapting: image, to: count > 0 ? size : 0) }
    }

    /// Returns the largest number of each region and its place.
    func largest(
        _ regions: PoolRegions,
        _ sizes: [Int],
        _ node: NodeName
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let shape = try Shape(checking: leading + sizes)
        let (values, indices) = try Operations.perform("max_pool") { () throws(TensorError) -> (Tensor, Tensor) in
            try regions.charge(planes: planes)
            let visitor = Largest(input: try tensor.widened(), planes: planes, regions: regions, shape: shape)
            let found = try tensor.dtype.computing.acceptArithmetic(visitor, kernel: "max_pool")
            return (try found.values.cast(to: tensor.dtype), found.indices)
        }
        return (try scattering(values, from: indices, node), indices)
    }

    /// Returns `values`, each of which is the number of its plane at its index, with that history.
    func scattering(_ values: Tensor, from indices: Tensor, _ node: NodeName) throws(TensorError) -> Tensor {
        guard Autograd.records(tensor) else { return values }
        let (shape, planes) = (tensor.shape, planes)
        return try values.recorded(node, [tensor], saving: [tensor.detached(), indices]) { gradient, _ in
            let placing = Placing(numbers: try gradient.widened(), indices: indices, planes: planes, shape: shape)
            return [try gradient.dtype.computing.acceptReal(placing, kernel: "max_pool").cast(to: gradient.dtype)]
        }
    }

    /// Returns the mean of each region.
    func mean(
        _ regions: PoolRegions,
        _ sizes: [Int],
        _ rule: MeanRule,
        _ node: NodeName
    ) throws(TensorError) -> Tensor {
        let shape = try Shape(checking: leading + sizes)
        let planes = planes
        let result = try Operations.perform("avg_pool") { () throws(TensorError) in
            try regions.charge(planes: planes)
            let visitor = Mean(input: try tensor.widened(), planes: planes, regions: regions, rule: rule, shape: shape)
            return try tensor.dtype.computing.acceptReal(
                visitor,
                kernel: axes == 3 ? "avg_pool3d_out_frame" : "avg_pool2d"
            )
            .cast(to: tensor.dtype)
        }
        guard Autograd.records(tensor) else { return result }
        let form = tensor.shape
        return try result.recorded(node, [tensor]) { gradient, _ in
            try regions.charge(planes: planes)
            let wide = try gradient.widened()
            let visitor = MeanGradient(gradient: wide, planes: planes, regions: regions, rule: rule, shape: form)
            return [try wide.dtype.acceptReal(visitor, kernel: "avg_pool2d").cast(to: gradient.dtype)]
        }
    }
}

private struct Largest: ArithmeticVisitor {
    let input: Tensor
    let planes: Int
    let regions: PoolRegions
    let shape: Shape

    func visit<A: Arithmetic>(_ type: A.Type) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let (source, size, count) = (input.address(of: A.self), regions.image.count, regions.count)
        let indices = try Tensor(of: Int64.self, shape: shape) { places in
            for plane in 0..<planes {
                let numbers = source + plane * size
                regions.forEachRegion { index, depth, height, width in
                    var best: Int?
                    regions.forEachNumber(depth, height, width) { place in
                        guard let known = best else { return best = place }
                        if A.isLarger(numbers[place], numbers[known]) { best = place }
                    }
                    (places + plane * count + index).initialize(to: Int64(best ?? 0))
                }
            }
        }
        let values = try Tensor(of: A.self, shape: shape) { target in
            let places = indices.address(of: Int64.self)
            for index in 0..<shape.elementCount {
                (target + index).initialize(to: source[index / count * size + Int(places[index])])
            }
        }
        return (values, indices)
    }
}

/// Adds each number to the place of its plane that its index says.
struct Placing: RealVisitor {
    let numbers: Tensor
    let indices: Tensor
    let planes: Int
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            guard planes > 0 else { return }
            let (source, places) = (numbers.address(of: R.self), indices.address(of: Int64.self))
            let (size, count) = (shape.elementCount / planes, numbers.elementCount / planes)
            for index in 0..<planes * count { target[index / count * size + Int(places[index])] += source[index] }
        }
    }
}

extension MeanRule {
    @inline(__always)
    func divisor(_ regions: PoolRegions, _ depth: Int, _ height: Int, _ width: Int) -> Double {
        switch self {
        case .numbers:
            Double(
                regions.depth.ranges[depth].count * regions.height.ranges[height].count
                    * regions.width.ranges[width].count
            )
        case .extent: Double(regions.extent(depth, height, width))
        case .number(let number): Double(number)
        }
    }
}

private struct Mean: RealVisitor {
    let input: Tensor
    let planes: Int
    let regions: PoolRegions
    let rule: MeanRule
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            nonisolated(unsafe) let (source, result) = (input.address(of: R.self), target)
            ProductPlan().share(units: planes, work: Double(regions.image.count) * Self.workPerNumber) { planes in
                for plane in stride(from: planes.lowerBound, to: planes.upperBound, by: 4) {
                    means(of: plane..<min(plane + 4, planes.upperBound), source, to: result)
                }
            }
        }
    }

    /// How many multiply-adds the adding of a number takes as long as.
    private static let workPerNumber = 24.0

    /// Computes up to four planes beside each other, since each sum waits for the number before.
    @inline(__always)
    private func means<R: Real>(of planes: Range<Int>, _ source: UnsafePointer<R>, to target: UnsafeMutablePointer<R>) {
        func numbers(_ lane: Int) -> UnsafePointer<R> {
            source + min(planes.lowerBound + lane, planes.upperBound - 1) * regions.image.count
        }
        let (a, b, c, d) = (numbers(0), numbers(1), numbers(2), numbers(3))
        regions.forEachRegion { index, depth, height, width in
            var sums: (R, R, R, R) = (0, 0, 0, 0)
            regions.forEachNumber(depth, height, width) {
                sums = (sums.0 + a[$0], sums.1 + b[$0], sums.2 + c[$0], sums.3 + d[$0])
            }
            let divisor = R(rule.divisor(regions, depth, height, width))
            let (mean, next) = (target + planes.lowerBound * regions.count + index, regions.count)
            mean.initialize(to: sums.0 / divisor)
            if planes.count > 1 { (mean + next).initialize(to: sums.1 / divisor) }
            if planes.count > 2 { (mean + 2 * next).initialize(to: sums.2 / divisor) }
            if planes.count > 3 { (mean + 3 * next).initialize(to: sums.3 / divisor) }
        }
    }
}

private struct MeanGradient: RealVisitor {
    let gradient: Tensor
    let planes: Int
    let regions: PoolRegions
    let rule: MeanRule
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            let source = gradient.address(of: R.self)
            for plane in 0..<planes {
                let (numbers, first) = (target + plane * regions.image.count, plane * regions.count)
                regions.forEachRegion { index, depth, height, width in
                    let share = source[first + index] / R(rule.divisor(regions, depth, height, width))
                    regions.forEachNumber(depth, height, width) { numbers[$0] += share }
                }
            }
        }
    }
}
