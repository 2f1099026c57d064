internal import CKernels

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
        let (centers, spreads) = (mean.scalars(as: Float.self), variance.scalars(as: Float.self))
        let (factors, addends) = (weight?.scalars(as: Float.self), bias?.scalars(as: Float.self))
        channels = centers.indices.map { channel in
            callpath_finish(
                center: centers[channel],
                inverse: Float(1 / (Double(spreads[channel]) + epsilon).squareRoot()),
                factor: factors?[channel] ?? 1,
                addend: addends?[channel] ?? 0,
                is_rectified: isRectified ? 1 : 0
            )
        }
    }

    /// How many channels there are.
    public var count: Int { channels.count }

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
