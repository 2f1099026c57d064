import Models
import ModuleAPI
import Tensors
import Web

/// The datatypes of the Open Inference Protocol, and the dtypes that they stand for.
///
/// BF16 is Triton's addition. BYTES stands for no dtype: it is written for classifications, never read. A name is looked
/// for in the order of the cases, and most are FP32.
enum InferenceDatatype: String {
    case float32 = "FP32"
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case float16 = "FP16"
    case bfloat16 = "BF16"
    case float64 = "FP64"

    /// The name of the variable-length type.
    static let bytesName = "BYTES"

    init(_ dtype: DType) {
        self =
            switch dtype {
            case .bool: .bool
            case .uint8: .uint8
            case .uint16: .uint16
            case .uint32: .uint32
            case .uint64: .uint64
            case .int8: .int8
            case .int16: .int16
            case .int32: .int32
            case .int64: .int64
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .float32: .float32
            case .float64: .float64
            }
    }

    var dtype: DType {
        switch self {
        case .bool: .bool
        case .uint8: .uint8
        case .uint16: .uint16
        case .uint32: .uint32
        case .uint64: .uint64
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float32: .float32
        case .float64: .float64
        }
    }

    /// The name in a model configuration, such as `TYPE_FP32`.
    var configurationName: String { "TYPE_" + rawValue }
}
