/// The type of a tensor's elements.
public enum DType: String, CaseIterable, Sendable, CustomStringConvertible {
    case float32, float64, float16, bfloat16
    case int64, int32, int16, int8, uint8
    case bool
    /// PyTorch's "barebones" unsigned types: stored, converted and passed on, but not computed with.
    case uint16, uint32, uint64

    /// The size of one element in bytes.
    public var itemSize: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool: 1
        }
    }

    /// Whether the type holds floating-point numbers, and so can require gradients.
    public var isFloatingPoint: Bool {
        switch self {
        case .float32, .float64, .float16, .bfloat16: true
        default: false
        }
    }

    /// Whether the type is float16 or bfloat16, which compute in float32 and round once at the end.
    public var isHalf: Bool { self == .float16 || self == .bfloat16 }

    /// Whether PyTorch stores the type but computes next to nothing with it.
    public var isBarebones: Bool { self == .uint16 || self == .uint32 || self == .uint64 }

    /// PyTorch's `str(dtype)`, for example `torch.float32`.
    public var description: String { "torch.\(rawValue)" }
}

/// The names that PyTorch's error texts use for a type.
extension DType {
    /// The name of the scalar type, as in `expected scalar type Float but found Double`.
    public var scalarName: String {
        switch self {
        case .float32: "Float"
        case .float64: "Double"
        case .float16: "Half"
        case .bfloat16: "BFloat16"
        case .int64: "Long"
        case .int32: "Int"
        case .int16: "Short"
        case .int8: "Char"
        case .uint8: "Byte"
        case .bool: "Bool"
        case .uint16: "UInt16"
        case .uint32: "UInt32"
        case .uint64: "UInt64"
        }
    }

    /// The name of tensors of this type in PyTorch's older errors, which never heard of the newer types.
    public var legacyTypeName: String {
        switch self {
        case .bool, .bfloat16, .uint16, .uint32, .uint64: "CPU\(scalarName)Type"
        default: "torch.\(scalarName)Tensor"
        }
    }

    /// The C++ name, as in `expected m1 and m2 to have the same dtype, but got: double != float`.
    public var cName: String {
        switch self {
        case .float32: "float"
        case .float64: "double"
        case .float16: "c10::Half"
        case .bfloat16: "c10::BFloat16"
        case .int64: "long int"
        case .int32: "int"
        case .int16: "short int"
        case .int8: "signed char"
        case .uint8: "unsigned char"
        case .bool: "bool"
        case .uint16: "short unsigned int"
        case .uint32: "unsigned int"
        case .uint64: "long unsigned int"
        }
    }
}
