/// What does not fit in a call of a pool of drawn windows, or of what undoes a pool; `message` gives PyTorch's text.
public enum UnevenPoolProblem: Sendable, Equatable {
    case rank(axes: Int, input: [Int])
    case empty(axes: Int, input: [Int])
    case kernel(Int)
    case tooLarge(axis: Int, axes: Int, kernel: Int, image: Int)
    case placeType(axes: Int, DType)
    case placeShape(input: [Int], [Int])
    case place(Int, sizes: [Int])
    case unpoolRank(axes: Int, Int)
    case unpoolEmpty(axes: Int, input: [Int])
    case unpoolStride([Int])
}

extension UnevenPoolProblem {
    /// The exception that PyTorch raises.
    var kind: ErrorKind {
        if case .kernel = self { .value } else { .runtime }
    }

    /// What is at fault.
    var fault: TensorError.Fault {
        switch self {
        case .rank, .empty, .tooLarge, .placeShape, .unpoolRank, .unpoolEmpty: .shape
        case .placeType: .type
        case .place: .index
        case .kernel, .unpoolStride: .argument
        }
    }

    private static func name(_ axes: Int) -> String {
        axes == 2 ? "fractional_max_pool2d" : "fractional_max_pool3d_out"
    }

    /// PyTorch's text.
    var message: String {
        switch self {
        case .rank(let axes, let input):
            "\(Self.name(axes))(): Expected \(axes + 1)D or \(axes + 2)D tensor, but got: \(input)"
        case .empty(let axes, let input):
            "\(Self.name(axes))(): Expected input to have non-zero size for non-batch dimensions, but got\(input) with "
                + "dimension \(Self.firstEmpty(input, from: input.count - axes - 1)) being empty."
        case .kernel(let size): "kernel_size must be greater than 0, but got \(size)"
        case .tooLarge(let axis, let axes, let kernel, let image):
            "\(Self.name(axes))(): pool \(Self.axisName(axis, axes)) \(kernel) too large relative to input "
                + "\(Self.axisName(axis, axes)) \(image)"
        case .placeType(3, _): "elements in indices should be type int64"
        case .placeType(_, let dtype): "elements in indices should be type int64 but got: \(dtype.scalarName)"
        case .placeShape(let input, let places):
            "Expected shape of indices to be same as that of the input tensor (\(input)) but got indices tensor with "
                + "shape: \(places)"
        case .place(let place, let sizes):
            "Found an invalid max index: \(place) (output volumes are of size "
                + "\(sizes.map(String.init).joined(separator: "x")))"
        case .unpoolRank(let axes, let rank):
            "Input to max_unpooling\(max(2, axes))d should be a \(max(2, axes) + 1)d or \(max(2, axes) + 2)d Tensor, but "
                + "got a tensor with \(rank) dimensions."
        case .unpoolEmpty(let axes, let input):
            "max_unpooling\(max(2, axes))d_forward_out_cpu(): Expected input to have non-zero size for non-batch "
                + "dimensions, but got \(input) with dimension "
                + "\(Self.firstEmpty(input, from: input.count - max(2, axes))) being empty."
        case .unpoolStride(let stride): "strides should be greater than zero, but got stride: \(stride)"
        }
    }

    private static func firstEmpty(_ sizes: [Int], from first: Int) -> Int {
        sizes.indices.first { $0 >= first && sizes[$0] == 0 } ?? first
    }

    private static func axisName(_ axis: Int, _ axes: Int) -> String { ["time", "height", "width"][axis + 3 - axes] }
}
