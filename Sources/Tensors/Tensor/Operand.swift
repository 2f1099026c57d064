/// What a function takes element by element: a tensor, or a number that stands for as many as are needed.
public enum Operand: Sendable {
    case tensor(Tensor)
    case number(Number)

    var isNumber: Bool {
        switch self {
        case .tensor: false
        case .number: true
        }
    }

    /// The tensor, or the number as one.
    func asTensor() throws(TensorError) -> Tensor {
        switch self {
        case .tensor(let tensor): tensor
        case .number(let number): try number.tensor()
        }
    }
}

extension Operand: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// Creates an integer.
    public init(integerLiteral value: Int64) { self = .number(.int(value)) }
    /// Creates a float.
    public init(floatLiteral value: Double) { self = .number(.double(value)) }
}

extension DType {
    /// The dtype of a result of these operands, as `torch.result_type`: tensors with axes count first, then tensors
    /// without, then numbers; the later ones only if they are of a higher kind.
    public static func result(of operands: [Operand]) throws(TensorError) -> DType {
        var ranks: [DType?] = [nil, nil, nil]
        for operand in operands {
            let (place, dtype): (Int, DType) =
                switch operand {
                case .tensor(let tensor): (tensor.rank > 0 ? 0 : 1, tensor.dtype)
                case .number(let number): (2, number.dtype)
                }
            ranks[place] =
                try ranks[place].map { other throws(TensorError) in try other.promoted(with: dtype) } ?? dtype
        }
        return try combined(ranks[0], combined(ranks[1], ranks[2])) ?? .float32
    }

    private static func combined(_ strong: DType?, _ weak: DType?) throws(TensorError) -> DType? {
        guard let strong, let weak else { return strong ?? weak }
        guard !strong.isFloatingPoint, strong == .bool || weak.isFloatingPoint else { return strong }
        return try strong.promoted(with: weak)
    }
}

extension Number {
    /// The number as a tensor without axes, exactly.
    func tensor() throws(TensorError) -> Tensor {
        switch self {
        case .bool(let value): try Tensor(scalar: value)
        case .int(let value): try Tensor(scalar: value)
        case .double(let value): try Tensor(scalar: value)
        }
    }

    /// The number as a tensor of `dtype`, whose range it must be in.
    func tensor(_ dtype: DType) throws(TensorError) -> Tensor {
        switch self {
        case .bool(let value): try .full(value ? 1 as Int64 : 0, shape: .scalar, dtype: dtype)
        case .int(let value): try .full(value, shape: .scalar, dtype: dtype)
        case .double(let value): try .full(value, shape: .scalar, dtype: dtype)
        }
    }
}
