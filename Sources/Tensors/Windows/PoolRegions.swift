/// Which numbers of an image each number of a pool is made of: along each axis a region for each output.
struct PoolRegions: Sendable {
    /// Along one axis.
    struct Axis: Sendable {
        /// The numbers of each region, which lie inside the image.
        var ranges: [Range<Int>]
        /// The extent of each region with the padding that counts.
        var extents: [Int]
        /// From one number of a region to the next.
        var step = 1

        /// The numbers of all regions.
        fileprivate var work: Int {
            ranges.reduce(0) { sum, range in
                let (next, overflow) = sum.addingReportingOverflow((range.count - 1) / step + 1)
                return overflow ? .max : next
            }
        }
    }

    let depth, height, width: Axis
    let image: Volume

    init(_ axes: [Axis], image: [Int]) {
        let none = Axis(ranges: [0..<1], extents: [1])
        let all = [Axis](repeating: none, count: 3 - axes.count) + axes
        (depth, height, width) = (all[0], all[1], all[2])
        self.image = Volume(image)
    }

    /// The numbers of the pool.
    var count: Int { depth.ranges.count * height.ranges.count * width.ranges.count }

    /// Counts the numbers of all regions of so many planes as work of the running call.
    func charge(planes: Int) throws(TensorError) {
        try CallMeter.charge(
            saturating(planes, depth.work),
            height.work,
            width.work,
            cost: CallMeter.windowCost
        )
    }

    /// Calls `body` for each region with its number and where it lies along each axis.
    @inline(__always)
    func forEachRegion(_ body: (_ index: Int, _ depth: Int, _ height: Int, _ width: Int) -> Void) {
        var index = 0
        for depth in depth.ranges.indices {
            for height in height.ranges.indices {
                for width in width.ranges.indices {
                    body(index, depth, height, width)
                    index += 1
                }
            }
        }
    }

    /// Calls `body` with the place in the image of each number of a region.
    @inline(__always)
    func forEachNumber(_ depth: Int, _ height: Int, _ width: Int, _ body: (Int) -> Void) {
        for slice in stride(self.depth.ranges[depth], self.depth.step) {
            for line in stride(self.height.ranges[height], self.height.step) {
                let start = (slice * image.height + line) * image.width
                for column in stride(self.width.ranges[width], self.width.step) { body(start + column) }
            }
        }
    }

    @inline(__always)
    private func stride(_ range: Range<Int>, _ step: Int) -> StrideTo<Int> {
        Swift.stride(from: range.lowerBound, to: range.upperBound, by: step)
    }

    /// The extent of a region with the padding that counts.
    func extent(_ depth: Int, _ height: Int, _ width: Int) -> Int {
        saturating(saturating(self.depth.extents[depth], self.height.extents[height]), self.width.extents[width])
    }

    private func saturating(_ first: Int, _ second: Int) -> Int {
        let (product, overflow) = first.multipliedReportingOverflow(by: second)
        return overflow ? .max : product
    }
}

extension PoolSteps {
    /// Checks what PyTorch checks of pools, in its order, and returns the windows along each axis.
    /// - Parameter isMeanOfVolumes: Whether no kernel may be larger than the image.
    func outputSizes(of plane: PoolInput, isMeanOfVolumes: Bool = false) throws(TensorError) -> [Int] {
        try checkMeasures()
        if isMeanOfVolumes, zip(plane.image, kernel).contains(where: { $0 < $1 }) {
            throw .layer(.poolKernelBeyondInput(plane.image, kernel: kernel))
        }
        var sizes: [Int] = []
        for axis in 0..<axes { sizes.append(try outputSize(of: plane.image[axis], axis)) }
        guard sizes.allSatisfy({ $0 > 0 }) else {
            // PyTorch makes two axes of one.
            let front = [plane.channels] + (axes == 1 ? [1] : [])
            throw .layer(.poolOutput(input: front + plane.image, output: front + sizes))
        }
        return sizes
    }

    /// Checks the windows by themselves.
    func checkMeasures() throws(TensorError) {
        guard stride.allSatisfy({ $0 != 0 }) else { throw .layer(.zeroStride) }
        // Padding is held against the kernel before that is looked at.
        for axis in 0..<axes { try checkPadding(axis) }
        guard kernel.allSatisfy({ $0 > 0 }) else { throw .layer(.poolMeasure(.kernel, shown(kernel))) }
        guard stride.allSatisfy({ $0 > 0 }) else { throw .layer(.poolMeasure(.stride, shown(stride))) }
        guard dilation.allSatisfy({ $0 > 0 }) else { throw .layer(.zeroPoolDilation(shown(dilation))) }
    }

    /// Sizes as PyTorch says them: it makes two axes of one.
    private func shown(_ sizes: [Int]) -> [Int] { axes == 1 ? [1] + sizes : sizes }

    /// Checks what PyTorch checks of a maximum along one axis, and returns the number of windows.
    func lineSize(of image: Int) throws(TensorError) -> Int {
        let numbers = [("kernel_size", kernel[0]), ("stride", stride[0])]
        for (name, number) in numbers where number <= 0 { throw .layer(.linePool(.notPositive(name, number))) }
        guard padding[0] >= 0 else { throw .layer(.linePool(.negativePadding(padding[0]))) }
        guard padding[0] <= kernel[0] / 2 else { throw .layer(.linePool(.padding(padding[0], kernel: kernel[0]))) }
        guard dilation[0] > 0 else { throw .layer(.linePool(.notPositive("dilation", dilation[0]))) }
        let size = try outputSize(of: image, 0)
        guard size > 0 else { throw .layer(.linePool(.output(size))) }
        return size
    }

    private func checkPadding(_ axis: Int) throws(TensorError) {
        guard padding[axis] >= 0 else { throw .layer(.negativePoolPadding(padding[axis])) }
        let (last, isLarge) = kernel[axis].subtractingReportingOverflow(1)
        let (span, isLarger) = last.multipliedReportingOverflow(by: dilation[axis])
        let (reach, isLargest) = span.addingReportingOverflow(1)
        guard !isLarge, !isLarger, !isLargest else { throw .layer(.tooLarge(.dilation)) }
        guard padding[axis] <= reach / 2 else {
            throw .layer(.poolPadding(padding[axis], kernel: kernel[axis], dilation: dilation[axis]))
        }
    }

    private func outputSize(of image: Int, _ axis: Int) throws(TensorError) -> Int {
        let window = WindowSteps(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
        try checkPadding(axis)
        guard let reach = window.reach(axis) else { throw .layer(.tooLarge(.dilation)) }
        guard let padded = window.padded(image, axis) else { throw .layer(.tooLarge(.padding)) }
        let room = padded - reach
        let (step, rest) = room.quotientAndRemainder(dividingBy: stride[axis])
        var count = (rest < 0 ? step - 1 : step) + 1
        // A last window that is cut off counts if it does not begin in the padding behind the image.
        if isCeiled, rest != 0 { count += 1 }
        if isCeiled, count > 0, (count - 1).multipliedReportingOverflow(by: stride[axis]).overflow { count -= 1 }
        if isCeiled, count > 0, (count - 1) * stride[axis] >= image + padding[axis] { count -= 1 }
        return count
    }

    /// The regions along `axis`.
    func regions(of image: Int, _ axis: Int, count: Int) -> PoolRegions.Axis {
        let (reach, step) = ((kernel[axis] - 1) * dilation[axis] + 1, dilation[axis])
        var regions = PoolRegions.Axis(ranges: [], extents: [], step: step)
        for place in 0..<count {
            let start = place * stride[axis] - padding[axis]
            let (reached, overflow) = start.addingReportingOverflow(reach)
            let end = min(overflow ? .max : reached, image + padding[axis])
            let first = start >= 0 ? start : Self.firstInside(start, step)
            regions.ranges.append(min(first, image)..<max(min(first, image), min(end, image)))
            regions.extents.append(end - start)
        }
        return regions
    }
}

extension PoolSteps {
    /// Returns the first number at or behind the beginning, of those `step` apart from `start` on, which lies before it.
    private static func firstInside(_ start: Int, _ step: Int) -> Int {
        let (jump, overflow) = ((-start - 1) / step + 1).multipliedReportingOverflow(by: step)
        return overflow ? .max : start + jump
    }
}

extension PoolRegions.Axis {
    /// The regions that cut `image` numbers into `count` parts as even as can be, which may overlap.
    init(adapting image: Int, to count: Int) {
        ranges = []
        extents = []
        for place in 0..<count {
            // place * image / count, without an overflow of the product.
            let start = Self.scaled(place, image, count, isCeiled: false)
            let end = Self.scaled(place + 1, image, count, isCeiled: true)
            ranges.append(start..<end)
            extents.append(end - start)
        }
    }

    private static func scaled(_ place: Int, _ image: Int, _ count: Int, isCeiled: Bool) -> Int {
        let (high, low) = place.multipliedFullWidth(by: image)
        let (quotient, rest) = count.dividingFullWidth((high, low))
        return quotient + (isCeiled && rest > 0 ? 1 : 0)
    }
}
