extension LayerProblem {
    var convolutionMessage: String? {
        switch self {
        case .convolutionRank(let axes, let isTransposed, let input):
            "Expected \(axes + 1)D (unbatched) or \(axes + 2)D (batched) input to "
                + "conv\(isTransposed ? "_transpose" : "")\(axes)d, but got input of size: \(input)"
        case .convolutionChannels(let groups, let isTransposed, let weight, let input, let expected):
            "Given \(isTransposed ? "transposed=1" : "groups=\(groups)"), weight of size \(weight), expected input\(input) "
                + "to have \(expected) channels, but got \(input.dropFirst().first ?? 0) channels instead"
        case .emptyWeight(let weight):
            "Given groups=1, expected weight to be at least 1 at dimension 0, but got weight of size \(weight) instead"
        case .convolutionTypes(let input, let bias):
            "Input type (\(input.cName)) and bias type (\(bias.cName)) should be the same"
        case .onlyEmptyBatches(let input):
            "Only zero batch or zero channel inputs are supported, but got input shape: \(input)"
        case .transposedOutput(let input, let output):
            "Given input size per channel: \(Self.product(input)). Calculated output size per channel: "
                + "\(Self.product(output)). Output size is too small"
        case .outputPadding(let padding, let stride, let dilation):
            "output padding must be smaller than either stride or dilation, but got "
                + [
                    Self.named("output_padding", padding), Self.named("stride", stride),
                    Self.named("dilation", dilation),
                ].joined(separator: " ")
        case .emptyVolumeWeight(let weight):
            "non-empty 5D (n_output_plane x n_input_plane x kernel_depth x kernel_height x kernel_width) tensor expected for "
                + "weight, but got: \(weight)"
        case .notPositive(.kernel, let kernel) where kernel.count == 3:
            "kernel size should be greater than zero, but got: \(kernel.map { "\($0)" }.joined(separator: " x ")) (TxHxW)"
        case .notPositive(.kernel, let kernel):
            "kernel size should be greater than zero, but got " + Self.named("kernel", kernel)
        case .transposedDilation(let dilation):
            "dilation should be greater than zero, but got " + Self.named("dilation", dilation, separator: ", ")
        case .notPositive(.stride, _): "non-positive stride is not supported"
        case .notPositive(.dilation, let dilation) where !dilation.contains(0):
            "dilation should be greater than zero"
        case .notPositive(let measure, let sizes):
            "\(measure.rawValue) should be greater than zero, but got \(sizes)"
        case .negative(let measure): "negative \(measure.rawValue) is not supported"
        case .kernelBeyondInput(let padded, let kernel):
            "Calculated padded input size per channel: \(Self.product(padded)). Kernel size: \(Self.product(kernel)). "
                + "Kernel size can't be greater than actual input size"
        case .tooLarge(let measure): "\(measure.rawValue) is too large"
        default: nil
        }
    }

    var paddingMessage: String? {
        switch self {
        case .paddingLength(let length, let rank):
            "Padding length should be less than or equal to two times the input dimension but got padding length "
                + "\(length) and input of dimension \(rank)"
        case .paddingRank(let axes, let rank):
            "Padding size \(2 * axes) is not supported for \(rank)D input tensor.\n"
                + "Supported combinations for non-constant padding:\n"
                + "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
                + "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
                + "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        case .negativeNarrowing: "narrow(): length must be non-negative."
        case .circularPadding: "Padding value causes wrapping around more than once."
        case .emptyCircularPadding: "Negative padding value is resulting in an empty dimension"
        case .emptyPaddedInput(let axes, let input):
            "Expected \(axes + 1)D or \(axes + 2)D (batch mode) tensor with possibly 0 batch size and other non-zero "
                + "dimensions for input, but got: \(input)"
        case .reflection(let before, let after, let dimension, let input):
            "Argument #\(2 * (input.count - dimension) + 2): Padding size should be less than the corresponding input dimension, but got: padding "
                + "(\(before), \(after)) at dimension \(dimension) of input \(input)"
        case .paddedOutput(let input, let output):
            "input (\(Self.labelled(input, separator: ", "))) is too small. Calculated output "
                + Self.labelled(output, separator: " ")
        default: nil
        }
    }

    var poolMessage: String {
        switch self {
        case .maxPoolRank(let rank):
            "Expected 2 to 3 dimensions, but got \(rank)-dimensional tensor for argument #1 'self' "
                + "(while checking arguments for max_pool1d)"
        case .poolRank(let operation, 1, let input) where operation == "max_pool1d":
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:\(input)"
        case .poolRank(let operation, 1, let input):
            "Expected 2 to 3 dimensions, but got \(input.count)-dimensional tensor for argument #1 'self' "
                + "(while checking arguments for \(operation))"
        case .poolRank(let operation, let axes, let input) where operation.hasPrefix("adaptive"):
            "\(operation)(): Expected \(axes + 1)D or \(axes + 2)D tensor, but got"
                + "\(operation.hasPrefix("adaptive_max") ? ":" : "") \(input)"
        case .poolRank("avg_pool2d", _, let input):
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:\(input)"
        case .poolRank(_, let axes, _):
            "non-empty \(axes + 1)D or \(axes + 2)D (batch mode) tensor expected for input"
        case .emptyAdaptiveInput(let operation, let input, let axis):
            "\(operation)(): Expected input to have non-zero size for non-batch dimensions, but input has sizes \(input) "
                + "with dimension \(axis) being empty"
        case .emptyPoolInput(let input):
            "Expected \(input.count - 1)D or \(input.count)D (batch mode) tensor with optional 0 dim batch size for "
                + "input, but got:\(input)"
        case .poolOutput(let input, let output):
            "Given input size: \(Self.product(input, "x")). Calculated output size: \(Self.product(output, "x")). "
                + "Output size is too small"
        case .poolKernelBeyondInput(let input, let kernel):
            "input image (\(Self.initials("", input))) smaller than kernel size (\(Self.initials("k", kernel)))"
        case .linePool(.output(let size)): "max_pool1d() Invalid computed output size: \(size)"
        case .linePool(.padding(let padding, let kernel)):
            "max_pool1d() padding should be at most half of kernel size, but got padding=\(padding) and "
                + "kernel_size=\(kernel)"
        case .linePool(.negativePadding(let padding)):
            "max_pool1d() padding must be non-negative, but got \(padding)"
        case .linePool(.notPositive(let name, let size)):
            "max_pool1d() \(name) must be greater than zero, but got \(size)"
        case .poolPadding(let padding, let kernel, let dilation):
            "pad should be at most half of effective kernel size, but got pad=\(padding), kernel_size=\(kernel) and "
                + "dilation=\(dilation)"
        case .negativePoolPadding(let padding): "pad must be non-negative, but got pad: \(padding)"
        case .zeroStride: "stride should not be zero"
        case .zeroPoolDilation(let dilation):
            "dilation should be greater than zero, but got " + Self.initials("dilation", dilation)
        case .poolMeasure(.stride, let sizes):
            "stride should be greater than zero, but got \(Self.initials("d", sizes))"
        case .poolMeasure(let measure, let sizes):
            "\(measure.rawValue) size should be greater than zero, but got \(Self.initials("k", sizes))"
        case .crossMapGradient(let channels):
            "start (1) + length (\(channels)) exceeds dimension size (\(channels))."
        case .zeroDivisor: "divisor must be not zero"
        case .negativeAdaptiveSize(let axes, let sizes):
            "adaptive_avg_pool\(axes)d: elements of output_size must be greater than or equal to 0 but received {"
                + sizes.dropLast().map(String.init).joined(separator: ", ")
                + (axes == 3 ? "," : ", ") + "\(sizes.last ?? 0)}"
        default: "the sizes of the layer do not fit"
        }
    }
}
