import CKernels

/// A convolution of floats in which each group has one channel and one row: lines of windows side by side, read where they
/// lie in a padded copy of the plane, in place of windows that are gathered.
struct DepthwiseRows: Sendable {
    private let windows: Windows
    private let parts: Int

    /// Creates the rows of `parts` planes; `nil` where windows do not lie side by side.
    init?(_ windows: Windows, parts: Int) {
        guard windows.channels == 1, windows.stride.width == 1, windows.output.count > 0 else { return nil }
        (self.windows, self.parts) = (windows, parts)
    }

    /// The numbers of a line with what stands before and behind the image in it, and room to read beyond.
    private var lineSize: Int {
        windows.output.width + (windows.kernel.width - 1) * windows.dilation.width + 16
    }

    func map(
        of image: Tensor,
        _ weight: Tensor,
        bias: Tensor?,
        groups: Int,
        shape: Shape
    ) throws(TensorError) -> Tensor {
        let image = image.address(of: Float.self)
        let (weight, bias) = (weight.address(of: Float.self), bias?.address(of: Float.self))
        let lines = windows.image.depth * windows.image.height
        try TensorBody.check(saturating: lines * lineSize, MemoryLayout<Float>.size)
        return try Tensor(of: Float.self, shape: shape) { target in
            nonisolated(unsafe) let (source, factors, addends, result) = (image, weight, bias, target)
            let work = Double(windows.output.count) * Double(windows.kernel.count)
            ProductPlan().share(units: parts, work: work) { parts in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: lines * lineSize) { buffer in
                    guard let buffer = buffer.baseAddress else { return }
                    buffer.initialize(repeating: 0, count: lines * lineSize)
                    for part in parts {
                        let group = part % groups
                        copy(source + part * windows.image.count, lines, to: buffer)
                        plane(
                            buffer,
                            factors + group * windows.kernel.count,
                            addends?[group] ?? 0,
                            to: result + part * windows.output.count
                        )
                    }
                }
            }
        }
    }

    /// Copies the lines of a plane to where the first window of each begins.
    private func copy(_ plane: UnsafePointer<Float>, _ lines: Int, to buffer: UnsafeMutablePointer<Float>) {
        let (width, before) = (windows.image.width, windows.padding.width)
        let count = min(width, lineSize - 16 - before)
        guard count > 0 else { return }
        for line in 0..<lines {
            (buffer + line * lineSize + before).update(from: plane + line * width, count: count)
        }
    }

    private func plane(
        _ buffer: UnsafePointer<Float>,
        _ weight: UnsafePointer<Float>,
        _ bias: Float,
        to target: UnsafeMutablePointer<Float>
    ) {
        let kernel = KernelSet.current.table.pointee.depthwise_f32
        let count = windows.kernel.depth * windows.kernel.height
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: count) { lines in
            var row = target
            for slice in 0..<windows.output.depth {
                for line in 0..<windows.output.height {
                    var index = 0
                    for depth in 0..<windows.kernel.depth {
                        for height in 0..<windows.kernel.height {
                            let place = place(of: (slice, depth), (line, height))
                            lines.initializeElement(at: index, to: place.map { buffer + $0 * lineSize })
                            index += 1
                        }
                    }
                    guard let first = lines.baseAddress else { return }
                    kernel(
                        first,
                        count,
                        weight,
                        windows.kernel.width,
                        windows.dilation.width,
                        bias,
                        windows.output.width,
                        row
                    )
                    row += windows.output.width
                }
            }
        }
    }

    /// The line of the image that a line of the kernel meets; `nil` outside.
    private func place(of depth: (window: Int, kernel: Int), _ height: (window: Int, kernel: Int)) -> Int? {
        let slice =
            depth.window * windows.stride.depth + depth.kernel * windows.dilation.depth - windows.padding.depth
        let line =
            height.window * windows.stride.height + height.kernel * windows.dilation.height - windows.padding.height
        guard (0..<windows.image.depth).contains(slice), (0..<windows.image.height).contains(line) else { return nil }
        return slice * windows.image.height + line
    }
}
