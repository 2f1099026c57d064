import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// Reads the body of `infer`: JSON, with the bytes of binary tensors behind it.
struct InferRequestReader {
    private var reader: JSONReader
    private var binary: BinarySection
    private let hasBinarySection: Bool

    /// - Parameter headerLength: The value of `Inference-Header-Content-Length`, if the request has it.
    init(body: [UInt8], headerLength: String?) throws(InferenceError) {
        let length = try headerLength.map { value throws(InferenceError) in
            try Self.headerLength(value, bodyBytes: body.count)
        }
        reader = JSONReader(body, range: 0..<(length ?? body.count))
        binary = BinarySection(body: body, from: length ?? body.count)
        hasBinarySection = length != nil
    }

    /// Returns the count of JSON bytes that the header announces; 0 announces a raw request.
    static func headerLength(_ value: String, bodyBytes: Int) throws(InferenceError) -> Int {
        guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(value), length <= bodyBytes else {
            throw .headerLength(String(value.prefix(32)), bodyBytes: bodyBytes)
        }
        return length
    }

    /// Reads the whole request.
    mutating func read() throws(InferenceError) -> InferRequest {
        do {
            let request = try object()
            try reader.finish()
            try binary.finish()
            return request
        } catch let error as JSONError {
            throw .notJSON(error)
        } catch let error as InferenceError {
            throw error
        } catch {
            throw .wrongKind(field: "the request", expected: "a JSON object of the protocol")
        }
    }

    private mutating func object() throws -> InferRequest {
        var request = InferRequest()
        var hasInputs = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            // A client with typed models sends null for what nobody has set.
            guard try key == "inputs" || reader.peekKind() != .null else {
                try reader.skipValue()
                continue
            }
            switch key {
            case "id": request.id = try reader.readString()
            case "parameters": request.parameters = try InferParameters(reader.readValue())
            case "inputs":
                hasInputs = true
                request.inputs = try inputs()
            case "outputs": request.outputs = try Self.outputs(reader.readValue())
            // kserve's client repeats the model's name here; the path is what counts.
            default: try reader.skipValue()
            }
        }
        guard hasInputs else { throw InferenceError.missingField("inputs") }
        return request
    }

    private mutating func inputs() throws -> [InferInput] {
        var inputs: [InferInput] = []
        var names = NameCheck()
        try reader.beginArray()
        while try reader.nextElement() {
            var fields = InferInputFields()
            try fields.read(&reader)
            let input = try fields.input(from: &binary, hasBinarySection: hasBinarySection)
            guard !names.isRepeated(input.name, in: inputs.lazy.map(\.name)) else {
                throw InferenceError.repeatedTensor(input.name)
            }
            inputs.append(input)
        }
        return inputs
    }

    private static func outputs(_ value: JSONValue) throws(InferenceError) -> [RequestedOutput]? {
        guard let elements = value.asArray else { throw .wrongKind(field: "outputs", expected: "a list") }
        var outputs: [RequestedOutput] = []
        var names = NameCheck()
        for element in elements {
            let output = try RequestedOutput(element)
            guard !names.isRepeated(output.name, in: outputs.lazy.map(\.name)) else {
                throw .repeatedTensor(output.name)
            }
            outputs.append(output)
        }
        // An empty list asks for nothing in particular: all outputs.
        return outputs.isEmpty ? nil : outputs
    }
}
