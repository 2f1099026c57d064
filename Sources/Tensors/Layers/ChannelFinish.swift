internal import CKernels

/// One thing that is done to each number of a channel, whatever the other numbers are.
public enum ChannelStep: Sendable {
    case normalized(ChannelStatistics)
    case rectified
}

/// What a normalisation by running statistics knows of the channels.
public struct ChannelStatistics: Sendable {
    let mean, variance, weight, bias: Tensor?
    let epsilon: Double

    /// Creates what a normalisation brings to mean 0 and variance 1, then multiplies and adds.
    public init(mean: Tensor?, variance: Tensor?, weight: Tensor?, bias: Tensor?, epsilon: Double) {
        (self.mean, self.variance, self.weight, self.bias, self.epsilon) = (mean, variance, weight, bias, epsilon)
    }
}

/// Steps that can be done to a channel in one go: a normalisation, then a rectifier, or either.
public struct ChannelSteps: Sendable {
    private(set) var statistics: ChannelStatistics?
    private(set) var isRectified = false
    /// How many steps there are.
    public private(set) var count = 0

    /// Creates no steps.
    public init() {}

    /// Adds a step; returns whether it can be done with those before it.
    public mutating func append(_ step: ChannelStep) -> Bool {
        switch step {
        case .normalized(let found):
            guard count == 0 else { return false }
            statistics = found
        case .rectified:
            guard !isRectified else { return false }
            isRectified = true
        }
        count += 1
        return true
    }
}

/// What a normalisation by running statistics, and a rectifier behind it if there is one, make of each channel: done to the
/// numbers of a convolution while they are in a cache, with the bits that both have one after the other.
public struct ChannelFinish: Sendable {
    private let channels: [callpath_finish]

    /// Creates what becomes of floats where no gradients are asked for; `nil` where all must go one after the other.
    public init?(
        mean: Tensor?,
        variance: Tensor?,
        weight: Tensor?,
        bias: Tensor?,
        epsilon: Double,
        isRectified: Bool = false
    ) {
        let tensors = [mean, variance, weight, bias].compactMap { $0 }
        guard let mean, let variance, tensors.allSatisfy({ $0.dtype == .float32 && $0.shape == mean.shape }),
            mean.rank == 1, !(Autograd.isRecording && tensors.contains(where: \.requiresGrad))
        else { return nil }
        defer { withExtendedLifetime(tensors) {} }
        let (centers, spreads) = (mean.address(of: Float.self), variance.address(of: Float.self))
        let (factors, addends) = (weight?.address(of: Float.self), bias?.address(of: Float.self))
        channels = (0..<mean.elementCount).map { channel in
            callpath_finish(
                center: centers[channel],
                inverse: Float(1 / (Double(spreads[channel]) + epsilon).squareRoot()),
                factor: factors?[channel] ?? 1,
                addend: addends?[channel] ?? 0,
                is_rectified: isRectified ? 1 : 0
            )
        }
    }

    /// Creates what `steps` make of so many channels; `nil` where they must be done one after the other.
    public init?(_ steps: ChannelSteps, channels count: Int) {
        if let statistics = steps.statistics {
            self.init(
                mean: statistics.mean,
                variance: statistics.variance,
                weight: statistics.weight,
                bias: statistics.bias,
                epsilon: statistics.epsilon,
                isRectified: steps.isRectified
            )
        } else {
            // Nothing is taken from a number, and nothing added: 0 added to -0 would be 0.
            let unchanged = callpath_finish(
                center: 0,
                inverse: 1,
                factor: 1,
                addend: -0.0,
                is_rectified: steps.isRectified ? 1 : 0
            )
            self.init(channels: [callpath_finish](repeating: unchanged, count: count))
        }
    }

    private init(channels: [callpath_finish]) {
        self.channels = channels
    }

    /// How many channels there are.
    public var count: Int { channels.count }

    /// Calls `body` with where stands what becomes of each channel.
    func withChannels(_ body: (UnsafePointer<callpath_finish>) -> Void) {
        channels.withUnsafeBufferPointer { channels in
            if let first = channels.baseAddress { body(first) }
        }
    }

    /// Writes what becomes of `count` numbers of one channel; `out` may be where they are.
    @inline(__always)
    func apply(_ channel: Int, _ numbers: UnsafePointer<Float>, _ count: Int, to out: UnsafeMutablePointer<Float>) {
        withUnsafePointer(to: channels[channel]) { finish in
            KernelSet.current.table.pointee.finish_f32(numbers, count, finish, out)
        }
    }

    /// Writes what becomes of images, each of all channels of so many numbers.
    func apply(_ images: Int, of length: Int, _ numbers: UnsafePointer<Float>, to out: UnsafeMutablePointer<Float>) {
        nonisolated(unsafe) let (source, result) = (numbers, out)
        ProductPlan().share(units: images * count, work: Double(length) * 4) { planes in
            for plane in planes { apply(plane % count, source + plane * length, length, to: result + plane * length) }
        }
    }
}
