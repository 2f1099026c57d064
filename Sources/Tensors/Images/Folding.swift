extension Tensor {
    /// Returns the windows over images as columns: PyTorch's `F.unfold`.
    ///
    /// - Parameter steps: Kernel, stride, padding and dilation along the height and the width.
    public func unfolded(_ steps: PoolSteps) throws(TensorError) -> Tensor {
        let window = try FoldWindow(steps)
        guard rank > 2 else { throw .dimensionOutOfRange(rank, rank: rank) }
        guard rank == 3 || rank == 4, shape.suffix(3).allSatisfy({ $0 > 0 }) else {
            throw .layer(.foldRank(isFold: false, input: shape.dimensions))
        }
        let image = Array(shape.suffix(2))
        let output = try window.output(image)
        guard output.allSatisfy({ $0 > 0 }) else { throw .layer(.noBlocks(image, steps, output)) }
        _ = try Shape(checking: [shape[rank - 3]] + steps.kernel + output)
        let fold = Folding(
            windows: Windows(window.steps, channels: shape[rank - 3], image: image, output: output),
            images: rank == 4 ? shape[0] : 1
        )
        let columns = [fold.windows.length, fold.windows.output.count]
        let result = try Shape(checking: Array(shape.dropLast(3)) + columns)
        let unfolded = try Operations.perform("im2col") { () throws(TensorError) in
            try fold.columns(of: self, shape: result)
        }
        guard Autograd.records(self) else { return unfolded }
        let own = shape
        return try unfolded.recorded(NodeName("Im2ColBackward0", old: "Im2ColBackward"), [self]) { gradient, _ in
            [try fold.image(of: gradient, shape: own)]
        }
    }

    /// Returns the images of `sizes` in which each window is the sum of its column: PyTorch's `F.fold`.
    public func folded(to sizes: [Int], _ steps: PoolSteps) throws(TensorError) -> Tensor {
        let window = try FoldWindow(steps)
        guard rank == 2 || rank == 3, shape.suffix(2).allSatisfy({ $0 > 0 }) else {
            throw .layer(.foldRank(isFold: true, input: shape.dimensions))
        }
        let (rows, columns) = (shape[rank - 2], shape[rank - 1])
        let area = try Shape(checking: steps.kernel).elementCount
        guard rows % area == 0 else { throw .layer(.foldChannels(rows, kernel: steps.kernel)) }
        let output = try window.output(sizes)
        let (blocks, overflow) = output[0].multipliedReportingOverflow(by: output[1])
        guard !overflow, columns == blocks, output.allSatisfy({ $0 > 0 }) else {
            throw .layer(.foldBlocks(sizes, steps, output, blocks: blocks, columns: columns))
        }
        guard sizes.allSatisfy({ $0 > 0 }) else { throw .layer(.foldSize(sizes)) }
        let fold = Folding(
            windows: Windows(window.steps, channels: rows / area, image: sizes, output: output),
            images: rank == 3 ? shape[0] : 1
        )
        let result = try Shape(checking: Array(shape.dropLast(2)) + [rows / area] + sizes)
        let folded = try Operations.perform("col2im") { () throws(TensorError) in
            try fold.image(of: self, shape: result)
        }
        guard Autograd.records(self) else { return folded }
        let own = shape
        return try folded.recorded(NodeName("Col2ImBackward0", old: "Col2ImBackward"), [self]) { gradient, _ in
            [try fold.columns(of: gradient, shape: own)]
        }
    }
}

/// The windows of `fold` and `unfold`, checked.
private struct FoldWindow {
    let steps: WindowSteps

    init(_ steps: PoolSteps) throws(TensorError) {
        let measures: [(LayerProblem.Measure, [Int])] = [
            (.kernel, steps.kernel), (.dilation, steps.dilation), (.stride, steps.stride),
        ]
        for (measure, sizes) in measures where !sizes.allSatisfy({ $0 > 0 }) {
            throw .layer(.foldMeasure(measure, sizes))
        }
        guard steps.padding.allSatisfy({ $0 >= 0 }) else { throw .layer(.foldMeasure(.padding, steps.padding)) }
        self.steps = WindowSteps(
            kernel: steps.kernel,
            stride: steps.stride,
            padding: steps.padding,
            dilation: steps.dilation
        )
    }

    /// Returns the windows along each axis of an image, which may be none or fewer.
    func output(_ image: [Int]) throws(TensorError) -> [Int] {
        var output: [Int] = []
        for (axis, size) in image.enumerated() {
            guard let padded = steps.padded(size, axis) else { throw .layer(.tooLarge(.padding)) }
            guard let reach = steps.reach(axis) else { throw .layer(.tooLarge(.dilation)) }
            let (room, overflow) = padded.subtractingReportingOverflow(reach)
            guard !overflow else { throw .layer(.tooLarge(.dilation)) }
            // Rounded down, as PyTorch does here.
            let (whole, rest) = room.quotientAndRemainder(dividingBy: steps.stride[axis])
            output.append(rest < 0 ? whole : whole + 1)
        }
        return output
    }
}

/// Windows as columns and back.
private struct Folding: Sendable {
    let windows: Windows
    let images: Int

    func columns(of image: Tensor, shape: Shape) throws(TensorError) -> Tensor {
        // Of bools a number other than zero is true.
        let wide = try image.dtype == .bool ? image.cast(to: .float32) : image.widened()
        let visitor = Gathering(fold: self, image: wide, shape: shape)
        return try wide.dtype.computing.acceptReal(visitor, kernel: "im2col_out_cpu").cast(to: image.dtype)
    }

    func image(of columns: Tensor, shape: Shape) throws(TensorError) -> Tensor {
        // More is read than is made.
        try CallMeter.chargeElements(columns.elementCount)
        let wide = try columns.dtype == .bool ? columns.cast(to: .float32) : columns.widened()
        let visitor = Scattering(fold: self, columns: wide, shape: shape)
        return try wide.dtype.computing.acceptReal(visitor, kernel: "col2im_out_cpu").cast(to: columns.dtype)
    }

    private var imageSize: Int { windows.channels * windows.image.count }
    private var columnsSize: Int { windows.length * windows.output.count }

    private struct Gathering: RealVisitor {
        let fold: Folding
        let image: Tensor
        let shape: Shape

        func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
            try Tensor(of: R.self, shape: shape) { target in
                let (source, count) = (image.address(of: R.self), fold.windows.output.count)
                for number in 0..<fold.images {
                    let (from, to) = (source + number * fold.imageSize, target + number * fold.columnsSize)
                    fold.windows.gather(from, first: 0, count: count, width: count, to: to)
                }
            }
        }
    }

    private struct Scattering: RealVisitor {
        let fold: Folding
        let columns: Tensor
        let shape: Shape

        func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
            try Tensor(of: R.self, shape: shape) { target in
                target.initialize(repeating: 0, count: shape.elementCount)
                let (source, count) = (columns.address(of: R.self), fold.windows.output.count)
                for number in 0..<fold.images {
                    let (from, to) = (source + number * fold.columnsSize, target + number * fold.imageSize)
                    fold.windows.scatter(from, first: 0, count: count, to: to)
                }
            }
        }
    }
}
