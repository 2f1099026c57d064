/// How an image is made larger or smaller.
public struct Interpolation: Sendable, Equatable {
    /// What a new number is made of.
    public enum Mode: String, Sendable, CaseIterable {
        case nearest, linear, bilinear, bicubic, trilinear, area
        case nearestExact = "nearest-exact"

        /// The axes of the images that the mode is for; `nil` for any.
        fileprivate var axes: Int? {
            switch self {
            case .linear: 1
            case .bilinear, .bicubic: 2
            case .trilinear: 3
            case .nearest, .nearestExact, .area: nil
            }
        }
    }

    /// The size along each axis, or how many times the image's.
    public enum Target: Sendable, Equatable {
        case sizes([Int])
        case factors([Double])
    }

    /// What the new numbers are made of.
    public var mode: Mode
    /// The sizes.
    public var target: Target
    /// Whether the corners of both images are the same points, rather than their outer edges.
    public var alignsCorners: Bool
    /// Whether the factors are computed anew from the sizes.
    public var recomputesFactors: Bool

    /// Creates an interpolation.
    public init(_ mode: Mode, _ target: Target, alignsCorners: Bool = false, recomputesFactors: Bool = false) {
        (self.mode, self.target) = (mode, target)
        (self.alignsCorners, self.recomputesFactors) = (alignsCorners, recomputesFactors)
    }
}

extension Tensor {
    /// Returns the images in other sizes: PyTorch's `F.interpolate`.
    public func interpolated(_ interpolation: Interpolation) throws(TensorError) -> Tensor {
        let axes = rank - 2
        guard (1...3).contains(axes) else {
            throw .layer(.interpolatedRank(rank: rank, mode: interpolation.mode.rawValue))
        }
        if let wanted = interpolation.mode.axes, wanted != axes {
            if interpolation.mode == .bicubic {
                throw .layer(.interpolatedRank(rank: rank, mode: interpolation.mode.rawValue))
            }
            throw .layer(.interpolationMode(interpolation.mode.rawValue, rank: rank, expected: wanted + 2))
        }
        let image = Array(shape.dropFirst(2))
        let sizes = try interpolation.sizes(of: image)
        if interpolation.mode == .area { return try adaptiveAveragePool(sizes) }
        guard zip(image, sizes).allSatisfy({ $0 > 0 && $1 > 0 }) else {
            throw .layer(.interpolatedSize(input: image, output: sizes))
        }
        guard shape[1] > 0 else { throw .layer(.emptyInterpolation(shape.dimensions)) }
        let result = try Shape(checking: Array(shape.prefix(2)) + sizes)
        guard dtype.isFloatingPoint else {
            throw .notImplemented(kernel: interpolation.mode.kernel(axes), dtype)
        }
        try TensorBody.check(saturating: result.elementCount, dtype.itemSize)
        let (work, interpolated) = try CallMeter.holding(sizes.reduce(0, &+), of: Tapping.placeSize) {
            () throws(TensorError) -> (Tapping, Tensor) in
            let taps =
                result.elementCount == 0
                ? [] : image.indices.map { interpolation.taps(from: image[$0], to: sizes[$0], axis: $0, dtype: dtype) }
            let work = Tapping(taps: taps, image: image, planes: shape[0] * shape[1])
            let interpolated = try Operations.perform("interpolate") { () throws(TensorError) in
                try work.charge()
                let visitor = TapSum(work: work, input: try widened(), shape: result)
                return try dtype.computing.acceptReal(visitor, kernel: "upsample").cast(to: dtype)
            }
            return (work, interpolated)
        }
        guard Autograd.records(self) else { return interpolated }
        let own = shape
        return try interpolated.recorded(interpolation.mode.node(axes), [self]) { gradient, _ in
            try work.charge()
            let visitor = TapSpread(work: work, gradient: try gradient.widened(), shape: own)
            return [try gradient.dtype.computing.acceptReal(visitor, kernel: "upsample").cast(to: gradient.dtype)]
        }
    }
}

extension Interpolation.Mode {
    fileprivate func node(_ axes: Int) -> NodeName {
        switch self {
        case .nearest: NodeName("UpsampleNearest\(axes)DBackward0", old: "UpsampleNearest\(axes)DBackward")
        case .nearestExact: NodeName("UpsampleNearestExact\(axes)DBackward0")
        case .linear: NodeName("UpsampleLinear1DBackward0", old: "UpsampleLinear1DBackward")
        case .bilinear: NodeName("UpsampleBilinear2DBackward0", old: "UpsampleBilinear2DBackward")
        case .bicubic: NodeName("UpsampleBicubic2DBackward0", old: "UpsampleBicubic2DBackward")
        case .trilinear: NodeName("UpsampleTrilinear3DBackward0", old: "UpsampleTrilinear3DBackward")
        case .area: NodeName("AdaptiveAvgPool\(axes)DBackward0")
        }
    }

    fileprivate func kernel(_ axes: Int) -> String {
        switch self {
        case .nearest, .area: "upsample_nearest\(axes)d_channels_last"
        case .nearestExact: "compute_indices_weights_nearest"
        case .linear: "compute_indices_weights_linear"
        case .bilinear, .trilinear: "compute_indices_weights_linear"
        case .bicubic: "compute_indices_weights_cubic"
        }
    }
}

/// What a number along one axis is made of: places of the image and their shares.
private typealias Taps = [[(place: Int, share: Double)]]

extension Interpolation {
    fileprivate func sizes(of image: [Int]) throws(TensorError) -> [Int] {
        switch target {
        case .sizes(let sizes):
            guard sizes.count == image.count else { throw .layer(.interpolationSizes(image: image, sizes)) }
            return sizes
        case .factors(let factors):
            guard factors.count == image.count else { throw .layer(.interpolationFactors(image: image, factors)) }
            return try zip(image, factors).map { size, factor throws(TensorError) in
                let scaled = (Double(size) * factor).rounded(.down)
                guard let size = Int(exactly: scaled) else { throw .layer(.interpolationFactor(factor)) }
                return size
            }
        }
    }

    fileprivate func taps(from size: Int, to count: Int, axis: Int, dtype: DType) -> Taps {
        let scale = scale(from: size, to: count, axis: axis)
        return (0..<count).map { place in
            switch mode {
            case .nearest, .nearestExact, .area: [(nearest(place, from: size, to: count, scale), 1)]
            case .linear, .bilinear, .trilinear:
                dtype == .float64
                    ? linear(place, size, count, scale) : linear(place, size, count, Float(scale))
            case .bicubic:
                dtype == .float64 ? cubic(place, size, scale) : cubic(place, size, Float(scale))
            }
        }
    }

    /// The distance of the image's points that neighbours of the result show.
    private func scale(from size: Int, to count: Int, axis: Int) -> Double {
        if alignsCorners { return count > 1 ? Double(size - 1) / Double(count - 1) : 0 }
        if case .factors(let factors) = target, !recomputesFactors, factors[axis] > 0 { return 1 / factors[axis] }
        return Double(size) / Double(count)
    }

    private func nearest(_ place: Int, from size: Int, to count: Int, _ scale: Double) -> Int {
        let scale = Float(scale)
        guard mode == .nearest else { return min(Int((Float(place) + 0.5) * scale), size - 1) }
        if size == count { return place }
        return count == 2 * size ? place / 2 : min(Int(Float(place) * scale), size - 1)
    }

    private func source<R: Real>(_ place: Int, _ scale: R, isCubic: Bool) -> R {
        if alignsCorners { return R(place) * scale }
        let point = scale * (R(place) + 0.5) - 0.5
        return point < 0 && !isCubic ? 0 : point
    }

    private func linear<R: Real>(_ place: Int, _ size: Int, _ count: Int, _ scale: R) -> [(place: Int, share: Double)] {
        if size == count { return [(place, 1)] }
        let point = source(place, scale, isCubic: false)
        let first = min(Int(point), size - 1)
        let share = min(max(point - R(first), 0), 1)
        return [(first, Double(1 - share)), (min(first + 1, size - 1), Double(share))]
    }

    private func cubic<R: Real>(_ place: Int, _ size: Int, _ scale: R) -> [(place: Int, share: Double)] {
        let point = source(place, scale, isCubic: true)
        let floor = point.rounded(.down)
        let first = min(Int(floor), size - 1)
        let t = Double(min(max(point - R(first), 0), 1))
        let a = -0.75
        func inner(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
        func outer(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        let shares = [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]
        return shares.enumerated().map { (min(max(first - 1 + $0, 0), size - 1), $1) }
    }
}

/// Images that are summed from points of others.
private struct Tapping: Sendable {
    let taps: [Taps]
    let image: [Int]
    let planes: Int

    var count: Int { taps.reduce(1) { $0 * $1.count } }
    var imageSize: Int { image.reduce(1, *) }

    /// What the points of one place along an axis take, about.
    static let placeSize = 64

    /// Counts the points that are read.
    func charge() throws(TensorError) {
        // Places that have been made are no more than what can be counted.
        let points = taps.reduce(planes) { product, places in
            let count = places.reduce(0) { $0 + $1.count }
            let (next, overflow) = product.multipliedReportingOverflow(by: count)
            return overflow ? .max : next
        }
        try CallMeter.chargeElements(points, cost: CallMeter.windowCost)
    }

    /// Calls `body` for each number of a plane with each place of the image that is in it, and its share.
    @inline(__always)
    func forEachTap(_ body: (_ index: Int, _ place: Int, _ share: Double) -> Void) {
        let none: Taps = [[(0, 1)]]
        let all = [Taps](repeating: none, count: 3 - taps.count) + taps
        let sizes = [Int](repeating: 1, count: 3 - image.count) + image
        var index = 0
        for depth in all[0] {
            for height in all[1] {
                for width in all[2] {
                    for d in depth {
                        for h in height {
                            let line = (d.place * sizes[1] + h.place) * sizes[2]
                            for w in width { body(index, line + w.place, d.share * h.share * w.share) }
                        }
                    }
                    index += 1
                }
            }
        }
    }
}

private struct TapSum: RealVisitor {
    let work: Tapping
    let input: Tensor
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            guard shape.elementCount > 0 else { return }
            let source = input.address(of: R.self)
            for plane in 0..<work.planes {
                let (from, to) = (source + plane * work.imageSize, target + plane * work.count)
                work.forEachTap { index, place, share in
                    // A share of one keeps infinities and NaN as they are; a share of none lets them in, as PyTorch's.
                    to[index] += from[place] * R(share)
                }
            }
        }
    }
}

private struct TapSpread: RealVisitor {
    let work: Tapping
    let gradient: Tensor
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            guard gradient.elementCount > 0 else { return }
            let source = gradient.address(of: R.self)
            for plane in 0..<work.planes {
                let (from, to) = (source + plane * work.count, target + plane * work.imageSize)
                work.forEachTap { index, place, share in to[place] += from[index] * R(share) }
            }
        }
    }
}
