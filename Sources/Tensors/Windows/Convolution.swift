/// How a convolution goes over its input.
public struct ConvolutionSteps: Sendable, Equatable {
    /// What stands around the input.
    public enum Padding: Sendable, Equatable {
        /// As many zeros before and after, for each axis.
        case zeros([Int])
        /// As many zeros as keep the output as large as the input.
        case same
    }

    /// The distance of windows along each axis.
    public var stride: [Int]
    /// The zeros around the input.
    public var padding: Padding
    /// The distance of the kernel's numbers along each axis.
    public var dilation: [Int]
    /// How many parts the channels are cut into, each with a kernel of its own.
    public var groups: Int
    /// For a transposed convolution, what is added at the end of each axis.
    public var outputPadding: [Int]

    /// Creates the steps of a convolution.
    public init(stride: [Int], padding: Padding, dilation: [Int], groups: Int = 1, outputPadding: [Int] = []) {
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.outputPadding = outputPadding
    }
}

extension Tensor {
    /// Returns the convolution with `weight` of `[outputs, inputs / groups, *kernel]`: PyTorch's `F.conv1d` to `F.conv3d`.
    ///
    /// The input is `[inputs, *sizes]` or a batch of such.
    public func convolution(
        weight: Tensor,
        bias: Tensor? = nil,
        steps: ConvolutionSteps
    ) throws(TensorError) -> Tensor {
        try convolving(weight, bias, steps, isTransposed: false)
    }

    /// Returns the convolution of a batch of floats, its channels finished in the same go; `nil` where it must be finished
    /// afterwards.
    public func convolution(
        weight: Tensor,
        bias: Tensor?,
        steps: ConvolutionSteps,
        finish: ChannelFinish
    ) throws(TensorError) -> Tensor? {
        let tensors = [self, weight] + (bias.map { [$0] } ?? [])
        guard tensors.allSatisfy({ $0.dtype == .float32 }), rank == steps.stride.count + 2, weight.rank == rank,
            weight.shape[0] == finish.count, elementCount > 0, !Autograd.isRecording
        else { return nil }
        return try ConvolutionCall(input: self, weight: weight, bias: bias, steps: steps, isTransposed: false)
            .finished(by: finish)
    }

    /// Returns what a convolution with `weight` of `[inputs, outputs / groups, *kernel]` would have this as its gradient
    /// for: PyTorch's `F.conv_transpose1d` to `F.conv_transpose3d`.
    public func transposedConvolution(
        weight: Tensor,
        bias: Tensor? = nil,
        steps: ConvolutionSteps
    ) throws(TensorError) -> Tensor {
        try convolving(weight, bias, steps, isTransposed: true)
    }

    private func convolving(
        _ weight: Tensor,
        _ bias: Tensor?,
        _ steps: ConvolutionSteps,
        isTransposed: Bool
    ) throws(TensorError) -> Tensor {
        let axes = steps.stride.count
        if let bias, bias.dtype != dtype, !isTransposed {
            throw .layer(.convolutionTypes(input: dtype, bias: bias.dtype))
        }
        guard rank == axes + 1 || rank == axes + 2, weight.rank == axes + 2 else {
            throw .layer(.convolutionRank(axes: axes, isTransposed: isTransposed, input: shape.dimensions))
        }
        let isBatch = rank == axes + 2
        let call = try ConvolutionCall(
            input: isBatch ? self : unsqueezed(at: 0),
            weight: weight,
            bias: bias,
            steps: steps,
            isTransposed: isTransposed
        )
        let result = try call.result()
        return isBatch
            ? result
            : try result.view(as: try Shape(checking: Array(result.shape.dropFirst())), "squeeze", .squeezeAxis)
    }
}

/// One convolution of a batch, in either direction.
private struct ConvolutionCall: Sendable {
    let input: Tensor
    let weight: Tensor
    let bias: Tensor?
    let isTransposed: Bool
    let product: WindowProduct
    let shape: Shape

    init(
        input: Tensor,
        weight: Tensor,
        bias: Tensor?,
        steps: ConvolutionSteps,
        isTransposed: Bool
    ) throws(TensorError) {
        let plan = ConvolutionPlan(input: input, weight: weight, steps: steps, isTransposed: isTransposed)
        let sizes = try plan.outputSizes()
        (self.input, self.weight, self.bias) = (input, weight, bias)
        self.isTransposed = isTransposed
        let outputs = isTransposed ? weight.shape[1] &* steps.groups : weight.shape[0]
        if let bias, bias.shape.dimensions != [outputs] {
            throw .expandMismatch(target: [outputs], from: bias.shape.dimensions, dimension: 0)
        }
        shape = try Shape(checking: [input.shape[0], outputs] + sizes)
        let (image, map) =
            isTransposed ? (sizes, Array(input.shape.dropFirst(2))) : (Array(input.shape.dropFirst(2)), sizes)
        product = WindowProduct(
            windows: Windows(plan.window, channels: weight.shape[1], image: image, output: map),
            images: input.shape[0],
            groups: steps.groups,
            rows: weight.shape[0] / steps.groups
        )
        try checkTypes()
    }

    private func checkTypes() throws(TensorError) {
        // Without images PyTorch computes nothing, and so refuses nothing.
        guard input.shape[0] > 0 else { return }
        if !input.dtype.isFloatingPoint, let kernel = integerKernel {
            throw .notImplemented(kernel: kernel, input.dtype)
        }
        guard weight.dtype == input.dtype else { throw .expectedScalarType(input.dtype, got: weight.dtype) }
        guard input.dtype.isFloatingPoint else { throw .notImplemented(kernel: "convolution", input.dtype) }
    }

    /// What PyTorch calls the kernel that refuses integers before it looks at the weight.
    private var integerKernel: String? {
        guard input.dtype != .int64 else { return nil }
        if isTransposed { return shape.rank == 5 ? "slow_conv_transpose3d_out_cpu" : "slow_conv_transpose2d_out_cpu" }
        if product.isDilated { return "slow_conv_dilated<>" }
        return input.dtype == .bool ? shape.rank == 5 ? "compute_columns3d" : "slow_conv2d_cpu" : nil
    }

    /// What comes of no images: in the input's type if that is one of floats, else in the weight's.
    private func emptyResult() throws(TensorError) -> Tensor {
        let result = try Tensor.zeros(shape, dtype: (input.dtype.isFloatingPoint ? input : weight).dtype)
        let inputs = [input, weight] + (bias.map { [$0] } ?? [])
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        return try result.recorded(.convolution, inputs) { _, _ in
            try inputs.map { input throws(TensorError) in try .zeros(input.shape, dtype: input.dtype) }
        }
    }

    func result() throws(TensorError) -> Tensor {
        guard input.dtype == weight.dtype, input.dtype.isFloatingPoint else { return try emptyResult() }
        let result = try Operations.perform(isTransposed ? "conv_transpose" : "convolution") {
            () throws(TensorError) in
            let (input, weight) = (try input.widened(), try weight.widened())
            let bias = try bias?.widened()
            guard isTransposed else {
                return try product.map(of: input, weight, bias: bias, shape: shape).cast(to: self.input.dtype)
            }
            var image = try product.image(of: input, weight, shape: shape)
            if let bias {
                let column = [bias.elementCount] + [Int](repeating: 1, count: shape.rank - 2)
                image = try image + bias.detached().viewed(as: Shape(column, elementCount: bias.elementCount))
            }
            return try image.cast(to: self.input.dtype)
        }
        let inputs = [input, weight] + (bias.map { [$0] } ?? [])
        guard Autograd.isRecording, inputs.contains(where: \.requiresGrad) else { return result }
        let saved = (input.detached(), weight.detached())
        return try result.recorded(.convolution, inputs, saving: [saved.0, saved.1]) { [self] gradient, needs in
            let results = try gradients(gradient.widened(), needs, saved.0.widened(), saved.1.widened())
            return try results.map { try $0?.cast(to: input.dtype) }
        }
    }

    /// Returns the result of floats with its channels finished.
    func finished(by finish: ChannelFinish) throws(TensorError) -> Tensor {
        try Operations.perform("convolution") { () throws(TensorError) in
            try product.map(of: input, weight, bias: bias, shape: shape, finish: finish)
        }
    }

    /// Returns the gradients of the input, the weight and the bias if there is one.
    private func gradients(
        _ gradient: Tensor,
        _ needs: GradientNode.Needs,
        _ input: Tensor,
        _ weight: Tensor
    ) throws(TensorError) -> [Tensor?] {
        var results: [Tensor?] = [nil, nil]
        if needs[0] {
            results[0] =
                isTransposed
                ? try product.map(of: gradient, weight, bias: nil, shape: input.shape)
                : try product.image(of: gradient, weight, shape: input.shape)
        }
        if needs[1] {
            results[1] =
                isTransposed
                ? try product.weight(of: gradient, input, shape: weight.shape)
                : try product.weight(of: input, gradient, shape: weight.shape)
        }
        guard bias != nil else { return results }
        let folded = try Shape(checking: [shape[0], shape[1], shape.dropFirst(2).reduce(1, *)])
        let sums = try gradient.viewed(as: folded).rawSum(axis: 2, keeping: false).rawSum(axis: 0, keeping: false)
        return results + [sums]
    }
}

/// The checks of a convolution and the sizes of its output.
private struct ConvolutionPlan {
    let input: Tensor
    let weight: Tensor
    let isTransposed: Bool
    let steps: ConvolutionSteps
    let window: WindowSteps

    init(input: Tensor, weight: Tensor, steps: ConvolutionSteps, isTransposed: Bool) {
        (self.input, self.weight, self.steps, self.isTransposed) = (input, weight, steps, isTransposed)
        let kernel = Array(weight.shape.dropFirst(2))
        var window = WindowSteps(kernel: kernel, stride: steps.stride, padding: kernel, dilation: steps.dilation)
        switch steps.padding {
        case .zeros(let sizes): (window.before, window.after) = (sizes, sizes)
        case .same:
            let total = zip(steps.dilation, kernel).map {
                max(0, $0.multipliedReportingOverflow(by: $1 - 1).partialValue)
            }
            window.before = total.map { $0 / 2 }
            window.after = total.map { $0 - $0 / 2 }
        }
        self.window = window
    }

    private var axes: Int { window.axes }
    private var isEmpty: Bool { input.shape[0] == 0 }
    private var sizes: [Int] { Array(input.shape.dropFirst(2)) }

    /// Checks what PyTorch checks, in its order, and returns the sizes of the output behind the channels.
    func outputSizes() throws(TensorError) -> [Int] {
        guard window.before.allSatisfy({ $0 >= 0 }) else { throw .layer(.negative(.padding)) }
        guard steps.outputPadding.allSatisfy({ $0 >= 0 }) else { throw .layer(.negative(.outputPadding)) }
        guard window.stride.allSatisfy({ $0 > 0 }) else { throw .layer(.notPositive(.stride, window.stride)) }
        try checkChannels()
        guard isEmpty || window.dilation.allSatisfy({ $0 > 0 }) else {
            throw .layer(
                isTransposed && !input.dtype.isFloatingPoint
                    ? .transposedDilation((axes == 1 ? [1] : []) + window.dilation)
                    : .notPositive(.dilation, window.dilation)
            )
        }
        // Without images PyTorch looks at one number of the weight alone.
        guard !isEmpty || weight.elementCount > 0 else { throw .selectOutOfRange(0, shape: [0], dimension: 0) }
        guard window.kernel.allSatisfy({ $0 > 0 }) else {
            if isTransposed, axes == 3 { throw .layer(.emptyVolumeWeight(weight.shape.dimensions)) }
            // PyTorch makes two axes of one.
            throw .layer(.notPositive(.kernel, (axes == 1 ? [1] : []) + window.kernel))
        }
        let output = try isTransposed ? transposedSizes() : plainSizes()
        guard sizes.allSatisfy({ $0 > 0 }) || input.shape[0] == 0 || input.shape[1] == 0 else {
            throw .layer(.onlyEmptyBatches(input.shape.dimensions))
        }
        return output
    }

    private func checkChannels() throws(TensorError) {
        let shape = weight.shape.dimensions
        guard shape[0] > 0 else { throw .layer(.emptyWeight(shape)) }
        let expected = isTransposed ? shape[0] : shape[1] &* steps.groups
        guard input.shape[1] == expected else {
            throw .layer(
                .convolutionChannels(
                    groups: steps.groups,
                    isTransposed: isTransposed,
                    weight: shape,
                    input: input.shape.dimensions,
                    expected: expected
                )
            )
        }
    }

    private func plainSizes() throws(TensorError) -> [Int] {
        var (padded, reaches) = ([Int](), [Int]())
        for axis in 0..<axes {
            guard let size = window.padded(sizes[axis], axis) else { throw .layer(.tooLarge(.padding)) }
            guard let reach = window.reach(axis) else { throw .layer(.tooLarge(.dilation)) }
            padded.append(size)
            reaches.append(reach)
        }
        guard zip(padded, reaches).allSatisfy({ $0 >= $1 }) else {
            throw .layer(.kernelBeyondInput(padded: padded, kernel: reaches))
        }
        return (0..<axes).map { (padded[$0] - reaches[$0]) / window.stride[$0] + 1 }
    }

    private func transposedSizes() throws(TensorError) -> [Int] {
        let outputPadding = steps.outputPadding
        let isPadded = zip(outputPadding, zip(window.stride, window.dilation)).allSatisfy { $0 < max($1.0, $1.1) }
        guard isPadded || isEmpty else {
            let (zero, one) = axes == 1 ? ([0], [1]) : ([], [])
            throw .layer(
                .outputPadding(zero + outputPadding, stride: one + window.stride, dilation: one + window.dilation)
            )
        }
        var output: [Int] = []
        for axis in 0..<axes {
            guard let reach = window.reach(axis) else { throw .layer(.tooLarge(.dilation)) }
            let (span, overflow) = (sizes[axis] - 1).multipliedReportingOverflow(by: window.stride[axis])
            let (whole, overflow2) = span.addingReportingOverflow(reach)
            let (padded, overflow3) = whole.addingReportingOverflow(outputPadding[axis])
            guard !overflow, !overflow2, !overflow3 else { throw .layer(.tooLarge(.stride)) }
            let (padding, overflow4) = window.before[axis].multipliedReportingOverflow(by: 2)
            let (size, overflow5) = padded.subtractingReportingOverflow(padding)
            guard !overflow4, !overflow5 else { throw .layer(.tooLarge(.padding)) }
            output.append(size)
        }
        // PyTorch makes two axes of one.
        let front = axes == 1 ? [1] : []
        if isEmpty {
            let sizes = [0, weight.shape[1] &* steps.groups] + front + output
            // Its result is made by reshaping.
            if sizes.contains(where: { $0 < 0 }) { _ = try Shape(inferring: sizes, elementCount: 0) }
            return output
        }
        guard output.allSatisfy({ $0 > 0 }) || sizes.contains(0) else {
            throw .layer(.transposedOutput(input: front + sizes, output: front + output))
        }
        return output.map { max(0, $0) }
    }
}

extension NodeName {
    static let convolution = NodeName("ConvolutionBackward0", old: "MkldnnConvolutionBackward")
    static let squeezeAxis = NodeName("SqueezeBackward1")
}
