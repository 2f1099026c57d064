import HTTP
import JSON
import Models
import ModuleAPI
import Web

/// Whose form the body of an invocation has.
enum InvocationForm {
    /// A call as in `/v1/modules/{name}/call`.
    case native
    /// A request to infer, of the Open Inference Protocol.
    case openInference
    /// The instances of Vertex AI.
    case vertex

    /// Looks at the request: the body is read once more by whoever answers it.
    init(of exchange: Exchange) throws {
        self = .native
        if exchange.request.fields.contains(.inferenceHeaderContentLength) {
            self = .openInference
        } else if try exchange.bodyType(among: [.json, .bytes]) == .json {
            self = try JSONBody.decode(exchange.request.body, Self.init)
        }
    }

    private init(_ reader: inout JSONReader) throws {
        self = .native
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "instances": self = .vertex
            case "inputs" where try Self.holdsNamedTensors(reader): self = .openInference
            default: break
            }
            try reader.skipValue()
        }
    }

    /// Returns whether a list begins with a tensor of the Open Inference Protocol.
    private static func holdsNamedTensors(_ reader: JSONReader) throws -> Bool {
        var reader = reader
        guard try reader.peekKind() == .array else { return false }
        try reader.beginArray()
        guard try reader.nextElement(), try reader.peekKind() == .object else { return false }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if key == "datatype" { return true }
            try reader.skipValue()
        }
        return false
    }
}
