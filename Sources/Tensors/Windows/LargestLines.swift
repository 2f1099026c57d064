internal import CKernels

/// The largest numbers of windows over planes of floats, a line of windows at a time, without their places.
struct LargestLines {
    private let input: Tensor
    private let kernel, stride, padding, dilation, image, output: Volume

    /// The largest kernel, and the longest steps, that are gone over place by place.
    private static let (mostPlaces, longest) = (64, 1 << 32)

    /// How many multiply-adds the larger of two numbers takes as long as.
    private static let workPerNumber = 24.0

    /// Creates the lines of windows over `input`; `nil` where a kernel reaches far beyond the image.
    init?(input: Tensor, steps: PoolSteps, image: [Int], output: [Int]) {
        guard steps.kernel.allSatisfy({ $0 <= Self.mostPlaces }),
            (steps.stride + steps.dilation).allSatisfy({ $0 <= Self.longest }),
            // Between the numbers of such a window there may be room for the whole image.
            !zip(steps.dilation, steps.padding).contains(where: { $0 > 1 && $1 > 0 })
        else { return nil }
        self.input = input
        (kernel, stride, dilation) = (Volume(steps.kernel), Volume(steps.stride), Volume(steps.dilation))
        padding = Volume(steps.padding, filling: 0)
        (self.image, self.output) = (Volume(image), Volume(output))
    }

    /// Returns the largest numbers, as a tensor of `shape`.
    func result(_ shape: Shape) throws(TensorError) -> Tensor {
        try Operations.perform("max_pool") { () throws(TensorError) in
            try CallMeter.charge(shape.elementCount, 1, kernel.count, cost: 2)
            return try Tensor(of: Float.self, shape: shape) { target in
                let columns = (0..<kernel.width).compactMap { column($0) }
                guard output.count > 0 else { return }
                columns.withUnsafeBufferPointer { columns in
                    guard let column = columns.baseAddress else { return }
                    nonisolated(unsafe) let pool = pool(column, columns.count)
                    nonisolated(unsafe) let (source, result) = (input.address(of: Float.self), target)
                    let (size, count) = (image.count, output.count)
                    let largest = KernelSet.current.table.pointee.largest_f32
                    let work = Double(count * kernel.count) * Self.workPerNumber
                    ProductPlan().share(units: shape.elementCount / count, work: work) { planes in
                        var pool = pool
                        for plane in planes { largest(&pool, source + plane * size, result + plane * count) }
                    }
                }
            }
        }
    }

    /// The windows of a line whose number at one place of the kernel lies in the image, and where the first one's does.
    private func column(_ place: Int) -> callpath_phase? {
        let (offset, step) = (place * dilation.width - padding.width, stride.width)
        let first = offset >= 0 ? 0 : (-offset - 1) / step + 1
        guard image.width > offset else { return nil }
        let end = min(output.width, (image.width - offset - 1) / step + 1)
        guard first < end else { return nil }
        return callpath_phase(row: 0, column: first * step + offset, before: first, count: end - first)
    }

    private func pool(_ column: UnsafePointer<callpath_phase>, _ columns: Int) -> callpath_pool {
        callpath_pool(
            depth: image.depth,
            height: image.height,
            width: image.width,
            out_depth: output.depth,
            out_height: output.height,
            out_width: output.width,
            kernel_depth: kernel.depth,
            depth_stride: stride.depth,
            depth_step: dilation.depth,
            kernel_height: kernel.height,
            height_stride: stride.height,
            height_step: dilation.height,
            width_stride: stride.width,
            depth_padding: padding.depth,
            height_padding: padding.height,
            columns: columns,
            column: column
        )
    }
}
