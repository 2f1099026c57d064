/// The three products between images, a weight, and maps of a number for each window: what convolutions are made of.
///
/// - An image is `[images, groups * windows.channels, *image]`.
/// - A map is `[images, groups * rows, *output]`.
/// - The weight is `[groups * rows, windows.length]`.
///
/// Windows are gathered some at a time, never those of a whole image; floats are mostly read where they lie. All are in a
/// computing dtype and without history. Each number of a map is one chain of multiply-adds over its window, so its bits do
/// not depend on the images beside it or on the number of threads.
struct WindowProduct: Sendable {
    let windows: Windows
    let images: Int
    let groups: Int
    let rows: Int

    /// Whether the numbers of a window lie apart.
    var isDilated: Bool {
        [windows.dilation.depth, windows.dilation.height, windows.dilation.width].contains { $0 != 1 }
    }

    private var positions: Int { windows.output.count }
    private var imageSize: Int { windows.channels * windows.image.count }

    /// The windows that are gathered at once: as many as fit a second cache with the weight beside them.
    private func blockSize(_ panel: Int) -> Int {
        let fitting = Self.blockNumbers / max(windows.length, rows, 1) / panel * panel
        return min(max(fitting, panel), max(positions, 1))
    }

    /// The numbers gathered at once, about.
    private static let blockNumbers = 1 << 15

    private func blocks(of size: Int) -> Int { positions == 0 ? 0 : (positions - 1) / size + 1 }

    /// What reads floats where they lie, if that is better than to gather them.
    private var lines: PlannedLines? { .of(windows, images: images, groups: groups, rows: rows) }

    /// Counts the multiply-adds of one of the products as work of the running call.
    private func charge() throws(TensorError) {
        try CallMeter.charge(images &* groups &* rows, positions, windows.length)
    }

    /// Returns each window times the weight, plus `bias`: the map of an image.
    /// - Parameter finish: What becomes of the channels of floats.
    func map(
        of image: Tensor,
        _ weight: Tensor,
        bias: Tensor?,
        shape: Shape,
        finish: ChannelFinish? = nil
    ) throws(TensorError) -> Tensor {
        try charge()
        let work = Mapping(product: self, image: image, weight: weight, bias: bias, shape: shape, finish: finish)
        return try image.dtype.acceptReal(work, kernel: "convolution")
    }

    private struct Mapping: RealVisitor {
        let product: WindowProduct
        let image, weight: Tensor
        let bias: Tensor?
        let shape: Shape
        let finish: ChannelFinish?

        func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
            if R.self == Float.self, let lines = product.lines {
                return try lines.map(of: image, weight, bias: bias, shape: shape, finish: finish)
            }
            let sums = try sums(R.self)
            guard let finish else { return sums }
            return try Tensor(of: Float.self, shape: shape) { target in
                finish.apply(product.images, of: product.positions, sums.address(of: Float.self), to: target)
            }
        }

        private func sums<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
            try Tensor(of: R.self, shape: shape) { target throws(TensorError) in
                let (image, weight) = (image.address(of: R.self), weight.address(of: R.self))
                let bias = bias?.address(of: R.self)
                let size = product.blockSize(R.panelWidth)
                let blocks = product.blocks(of: size)
                let room = size * product.windows.length + R.panelWidth
                try TensorBody.check(saturating: room, R.dtype.itemSize)
                let units = product.images * product.groups * blocks
                let work = Double(product.rows) * Double(product.windows.length) * Double(size)
                // Units read the same numbers and write different ones.
                nonisolated(unsafe) let (source, factors, addends, result) = (image, weight, bias, target)
                ProductPlan().share(units: units, work: work) { units in
                    withUnsafeTemporaryAllocation(of: R.self, capacity: room) { buffer in
                        guard let buffer = buffer.baseAddress else { return }
                        for unit in units {
                            let (part, block) = unit.quotientAndRemainder(dividingBy: blocks)
                            let first = block * size
                            product.map(
                                (part, first..<min(first + size, product.positions)),
                                source,
                                factors,
                                addends,
                                buffer,
                                to: result
                            )
                        }
                    }
                }
            }
        }
    }

    /// Computes the windows at `place.windows` of one group of one image.
    @inline(__always)
    private func map<R: Real>(
        _ place: (part: Int, windows: Range<Int>),
        _ image: UnsafePointer<R>,
        _ weight: UnsafePointer<R>,
        _ bias: UnsafePointer<R>?,
        _ buffer: UnsafeMutablePointer<R>,
        to target: UnsafeMutablePointer<R>
    ) {
        let (group, range) = (place.part % groups, place.windows)
        windows.gather(
            image + place.part * imageSize,
            first: range.lowerBound,
            count: range.count,
            width: R.panelWidth,
            to: buffer
        )
        let result = target + place.part * rows * positions + range.lowerBound
        let form = PanelForm(rows: rows, inner: windows.length, outputs: range.count, outputStride: positions)
        R.multiply(weight + group * rows * windows.length, panels: buffer, form, into: result)
        guard let bias else { return }
        for row in 0..<rows {
            let (line, addend) = (result + row * positions, bias[group * rows + row])
            for index in 0..<range.count { line[index] += addend }
        }
    }

    /// Returns the image in which each window is the sum, over the rows, of the map's number times the weight's row.
    func image(of map: Tensor, _ weight: Tensor, shape: Shape) throws(TensorError) -> Tensor {
        try charge()
        let columns = try weight.viewed(as: try Shape(checking: [groups, rows, windows.length])).swapped(1, 2)
        let work = Imaging(product: self, map: map, columns: columns, shape: shape)
        return try map.dtype.acceptReal(work, kernel: "convolution")
    }

    private struct Imaging: RealVisitor {
        let product: WindowProduct
        let map: Tensor
        /// The weight of each group with its rows as columns.
        let columns: Tensor
        let shape: Shape

        func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
            try Tensor(of: R.self, shape: shape) { target throws(TensorError) in
                target.initialize(repeating: 0, count: shape.elementCount)
                let (map, columns) = (map.address(of: R.self), columns.address(of: R.self))
                let (size, length) = (product.blockSize(R.panelWidth), product.windows.length)
                let room = size * (length + product.rows) + 2 * R.panelWidth
                try TensorBody.check(saturating: room, R.dtype.itemSize)
                let work = Double(product.rows) * Double(length) * Double(product.positions)
                nonisolated(unsafe) let (source, factors, result) = (map, columns, target)
                ProductPlan().share(units: product.images * product.groups, work: work) { parts in
                    withUnsafeTemporaryAllocation(of: R.self, capacity: room) { buffer in
                        guard let buffer = buffer.baseAddress else { return }
                        for part in parts { product.image(part, size, source, factors, buffer, to: result) }
                    }
                }
            }
        }
    }

    /// Computes one group of one image, block after block.
    @inline(__always)
    private func image<R: Real>(
        _ part: Int,
        _ size: Int,
        _ map: UnsafePointer<R>,
        _ columns: UnsafePointer<R>,
        _ buffer: UnsafeMutablePointer<R>,
        to target: UnsafeMutablePointer<R>
    ) {
        let (length, panels) = (windows.length, buffer + size * windows.length + R.panelWidth)
        for first in stride(from: 0, to: positions, by: size) {
            let count = min(size, positions - first)
            var line = panels
            for panel in stride(from: 0, to: count, by: R.panelWidth) {
                let lanes = min(R.panelWidth, count - panel)
                for row in 0..<rows {
                    line.update(from: map + (part * rows + row) * positions + first + panel, count: lanes)
                    line += lanes
                }
            }
            let form = PanelForm(rows: length, inner: rows, outputs: count, outputStride: count)
            R.multiply(columns + part % groups * rows * length, panels: panels, form, into: buffer)
            windows.scatter(buffer, first: first, count: count, to: target + part * imageSize)
        }
    }

    /// Returns the sum, over all windows, of the map's numbers times the window: the gradient of the weight.
    func weight(of image: Tensor, _ map: Tensor, shape: Shape) throws(TensorError) -> Tensor {
        try charge()
        return try image.dtype.acceptReal(
            Weighing(product: self, image: image, map: map, shape: shape),
            kernel: "convolution"
        )
    }

    private struct Weighing: RealVisitor {
        let product: WindowProduct
        let image, map: Tensor
        let shape: Shape

        func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
            let (windows, rows, positions) = (product.windows, product.rows, product.positions)
            let size = product.blockSize(R.panelWidth)
            return try Tensor(of: R.self, shape: shape) { target throws(TensorError) in
                target.initialize(repeating: 0, count: shape.elementCount)
                let (image, map) = (image.address(of: R.self), map.address(of: R.self))
                for part in 0..<product.images * product.groups {
                    for first in stride(from: 0, to: positions, by: size) {
                        let count = min(size, positions - first)
                        let columns = try Tensor(
                            of: R.self,
                            shape: try Shape(checking: [windows.length, count])
                        ) { columns in
                            let source = image + part * product.imageSize
                            windows.gather(source, first: first, count: count, width: count, to: columns)
                        }
                        let lines = try Tensor(of: R.self, shape: try Shape(checking: [rows, count])) { lines in
                            for row in 0..<rows {
                                let source = map + (part * rows + row) * positions + first
                                (lines + row * count).initialize(from: source, count: count)
                            }
                        }
                        let sums = try MatrixProduct.linear(lines, columns, bias: nil, reusing: false)
                        let place = target + part % product.groups * rows * windows.length
                        let added = sums.address(of: R.self)
                        for index in 0..<sums.elementCount { place[index] += added[index] }
                    }
                }
            }
        }
    }
}
