import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// What can be wrong with a request of the Open Inference Protocol.
///
/// All are the client's: 400.
enum InferenceError: Error, Equatable {
    case notJSON(JSONError)
    case missingField(String)
    case wrongKind(field: String, expected: String)
    case repeatedTensor(String)
    // Tensors.
    case unknownDatatype(tensor: String, String)
    case bytesAreNotServed(tensor: String)
    case invalidShape(tensor: String, TensorError)
    case noData(tensor: String)
    case dataTwice(tensor: String)
    case elementCount(tensor: String, expected: Int, got: Int)
    case element(tensor: String, datatype: String, got: String)
    // Binary tensor data.
    case headerLength(String, bodyBytes: Int)
    case binaryDataWithoutHeaderLength(tensor: String)
    case byteCount(tensor: String, expected: Int, got: Int)
    case missingBytes(tensor: String, expected: Int, got: Int)
    case bytesLeftOver(Int)
    case notARawModel(reason: String)
    case notFinite(output: String)
    // Messages of gRPC.
    case rawCount(expected: Int, got: Int)
    case contentsTwice(tensor: String)
    case otherContents(tensor: String, datatype: String)
    case rawByteCount(tensor: String, expected: Int, got: Int)
    case rawOnly(tensor: String, datatype: String)
    // Names and parameters.
    case inputs(expected: [String], got: [String])
    case unknownOutput(String, expected: [String])
    case notOneOutput([String])
    case unservedParameter(String)
    case parameterKind(String, expected: String)
    case classification(output: String, reason: String)
    case repository(String)
}

extension InferenceError {
    /// What is wrong, naming the tensor or parameter, what was expected and what came.
    var message: String {
        switch self {
        case .notJSON(let error): "failed to parse the request JSON buffer: \(error)"
        case .missingField(let field): "\(field) is missing from the request"
        case .wrongKind(let field, let expected): "\(field) must be \(expected)"
        case .repeatedTensor(let name): "tensor '\(name)' is given twice"
        case .inputs(let expected, let got): "expected inputs \(expected), got \(got)"
        case .unknownOutput(let name, let expected):
            "unexpected inference output '\(name)', expected one of \(expected)"
        case .notOneOutput(let names): "a prediction has one output, and this model gives \(names)"
        case .unservedParameter(let name): "parameter '\(name)' is reserved and not served here"
        case .parameterKind(let name, let expected): "parameter '\(name)' must be \(expected)"
        case .classification(let output, let reason): "classification of output '\(output)': \(reason)"
        case .repository(let reason): reason
        default: tensorMessage
        }
    }

    private var tensorMessage: String {
        switch self {
        case .unknownDatatype(let tensor, let name): "tensor '\(tensor)' has unknown datatype '\(name)'"
        case .bytesAreNotServed(let tensor): "tensor '\(tensor)' has datatype BYTES, and modules take numbers only"
        case .invalidShape(let tensor, let error): "tensor '\(tensor)': \(error.message())"
        case .noData(let tensor): "tensor '\(tensor)' has neither data nor binary_data_size"
        case .dataTwice(let tensor): "tensor '\(tensor)' has both data and binary_data_size"
        case .elementCount(let tensor, let expected, let got):
            "tensor '\(tensor)': its shape has \(expected) elements, its data \(got)"
        case .element(let tensor, let datatype, let got): "tensor '\(tensor)': \(got) is no \(datatype)"
        case .notFinite(let output):
            "output '\(output)' holds NaN or infinity, which JSON cannot say: ask for it with binary_data"
        default: binaryMessage
        }
    }

    private var binaryMessage: String {
        switch self {
        case .headerLength(let value, let bodyBytes):
            "Inference-Header-Content-Length must be a whole number from 0 to \(bodyBytes), the bytes that came, got '\(value)'"
        case .binaryDataWithoutHeaderLength(let tensor):
            "tensor '\(tensor)' has binary_data_size, and the request no Inference-Header-Content-Length"
        case .byteCount(let tensor, let expected, let got):
            "tensor '\(tensor)': its shape and datatype take \(expected) bytes, its binary_data_size is \(got)"
        case .missingBytes(let tensor, let expected, let got):
            "tensor '\(tensor)': expecting \(expected - got) additional bytes, expected \(expected), got \(got)"
        case .bytesLeftOver(let count): "unexpected additional input data: \(count) bytes are left over"
        case .notARawModel(let reason): "a request of raw bytes needs a module of one input: \(reason)"
        default: callMessage
        }
    }

    private var callMessage: String {
        switch self {
        case .rawCount(let expected, let got):
            "expected raw_input_contents for all \(expected) inputs or for none, got \(got)"
        case .contentsTwice(let tensor): "tensor '\(tensor)' has both contents and raw_input_contents"
        case .otherContents(let tensor, let datatype):
            "tensor '\(tensor)' has contents in a list that is not the one of \(datatype)"
        case .rawByteCount(let tensor, let expected, let got):
            "tensor '\(tensor)': its shape and datatype take \(expected) bytes, its raw_input_contents are \(got)"
        case .rawOnly(let tensor, let datatype):
            "tensor '\(tensor)' has datatype \(datatype), which goes in raw_input_contents alone"
        default: "the request is wrong"
        }
    }
}
