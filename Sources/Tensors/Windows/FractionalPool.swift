/// Where the windows of a pool lie that are spread at random over each plane.
public struct FractionalSteps: Sendable, Equatable {
    /// The size of a window along each axis.
    public var kernel: [Int]
    /// The number of windows along each axis.
    public var output: [Int]

    /// Creates steps.
    public init(kernel: [Int], output: [Int]) {
        (self.kernel, self.output) = (kernel, output)
    }

    var axes: Int { kernel.count }

    /// Returns where the windows along an axis begin, for a number from 0 to 1.
    func starts(_ sample: Double, image: Int, axis: Int, dtype: DType) -> [Int] {
        let (count, room) = (output[axis], image - kernel[axis])
        guard count > 0 else { return [] }
        let places: [Int] =
            dtype == .float64
            ? Self.spread(Double(room) / Double(count - 1), sample, count)
            : Self.spread(Float(room) / Float(count - 1), Float(sample), count)
        return places + [room]
    }

    private static func spread<R: BinaryFloatingPoint>(_ step: R, _ sample: R, _ count: Int) -> [Int] {
        (0..<count - 1).map { Int((R($0) + sample) * step) - Int(sample * step) }
    }
}

extension Tensor {
    /// Returns the largest number of each window, and its place in the plane, the windows of each plane spread by numbers
    /// that `generator` draws: PyTorch's `F.fractional_max_pool2d` and `F.fractional_max_pool3d`.
    public func fractionalMaxPool(
        _ steps: FractionalSteps,
        generator: Generator
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let axes = steps.axes
        guard rank > axes else { throw .dimensionOutOfRange(-axes - 1, rank: rank) }
        let leading = [rank == axes + 1 ? 1 : shape[0], shape[rank - axes - 1], axes]
        let samples = try Tensor.uniform(Shape(checking: leading), dtype: dtype, generator: generator)
        guard rank <= axes + 2 else { throw .layer(.uneven(.rank(axes: axes, input: shape.dimensions))) }
        if let wrong = steps.kernel.first(where: { $0 <= 0 }) { throw .layer(.uneven(.kernel(wrong))) }
        guard shape.suffix(axes + 1).allSatisfy({ $0 > 0 }) else {
            throw .layer(.uneven(.empty(axes: axes, input: shape.dimensions)))
        }
        let plane = try PoolInput(self, axes: axes, operation: "fractional_max_pool")
        for axis in 0..<axes {
            let (kernel, image) = (steps.kernel[axis], plane.image[axis])
            let (end, overflow) = steps.output[axis].addingReportingOverflow(kernel - 1)
            guard !overflow, end <= image else {
                throw .layer(.uneven(.tooLarge(axis: axis, axes: axes, kernel: kernel, image: image)))
            }
        }
        let form = try Shape(checking: plane.leading + steps.output)
        let (values, indices) = try Operations.perform("fractional_max_pool") { () throws(TensorError) in
            try CallMeter.charge(form.elementCount, 2, steps.kernel.reduce(1, *), cost: CallMeter.windowCost)
            let visitor = FractionalLargest(
                input: try widened(),
                samples: samples.scalars(as: Double.self),
                steps: steps,
                image: plane.image,
                dtype: dtype,
                shape: form
            )
            let found = try dtype.computing.acceptReal(visitor, kernel: "fractional_max_pool")
            return (try found.values.cast(to: dtype), found.indices)
        }
        let name = NodeName("FractionalMaxPool\(axes)DBackward0")
        return (try plane.scattering(values, from: indices, name), indices)
    }
}

private struct FractionalLargest: RealVisitor {
    let input: Tensor
    let samples: [Double]
    let steps: FractionalSteps
    let image: [Int]
    let dtype: DType
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let (source, size, count) = (input.address(of: R.self), image.reduce(1, *), steps.output.reduce(1, *))
        let indices = try Tensor(of: Int64.self, shape: shape) { places in
            for plane in 0..<(count > 0 ? shape.elementCount / count : 0) {
                let regions = regions(plane)
                regions.forEachRegion { index, depth, height, width in
                    var best: Int?
                    regions.forEachNumber(depth, height, width) { place in
                        guard let known = best else { return best = place }
                        let (number, largest) = (source[plane * size + place], source[plane * size + known])
                        if number > largest || number != number { best = place }
                    }
                    (places + plane * count + index).initialize(to: Int64(best ?? 0))
                }
            }
        }
        let values = try Tensor(of: R.self, shape: shape) { target in
            let places = indices.address(of: Int64.self)
            for index in 0..<shape.elementCount {
                (target + index).initialize(to: source[index / count * size + Int(places[index])])
            }
        }
        return (values, indices)
    }

    private func regions(_ plane: Int) -> PoolRegions {
        let axes = steps.axes
        return PoolRegions(
            (0..<axes).map { axis in
                // PyTorch's order: in a plane the width's number comes first, in a volume that of the depth.
                let sample = samples[plane * axes + (axes == 2 ? 1 - axis : axis)]
                let starts = steps.starts(sample, image: image[axis], axis: axis, dtype: dtype)
                let kernel = steps.kernel[axis]
                return PoolRegions.Axis(
                    ranges: starts.map { $0..<$0 + kernel },
                    extents: starts.map { _ in kernel }
                )
            },
            image: image
        )
    }
}
