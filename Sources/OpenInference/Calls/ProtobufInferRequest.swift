import GRPC
import JSON
import Models
import ModuleAPI
import Tensors
import Web

extension InferRequest {
    /// Reads what a message asks for: all inputs in `raw_input_contents`, or all in `contents`.
    init(_ message: ModelInferRequest, in octets: [UInt8]) throws(InferenceError) {
        id = message.id.isEmpty ? nil : message.id
        if !message.parameters.isEmpty {
            var parameters = message.parameters
            // Each request has one answer, so that there is no empty one to leave out or to send.
            parameters[Self.enableEmptyFinalResponse] = nil
            self.parameters = try InferParameters(JSONValue(parameters))
        }
        inputs = try Self.inputs(message, in: octets)
        outputs = try Self.outputs(message)
    }

    /// What Triton's clients say of streams.
    private static let enableEmptyFinalResponse = ExactString("triton_enable_empty_final_response")

    private static func inputs(_ message: ModelInferRequest, in octets: [UInt8]) throws(InferenceError) -> [InferInput]
    {
        let raw = message.rawInputContents
        guard raw.isEmpty || raw.count == message.inputs.count else {
            throw .rawCount(expected: message.inputs.count, got: raw.count)
        }
        var inputs: [InferInput] = []
        var names = NameCheck()
        for (index, input) in message.inputs.enumerated() {
            guard !names.isRepeated(input.name, in: inputs.lazy.map(\.name)) else { throw .repeatedTensor(input.name) }
            let reader = try ProtobufTensorReader(input, in: octets)
            let tensor = try raw.isEmpty ? reader.typed(input.contents) : reader.raw(raw[index], input.contents)
            inputs.append(InferInput(name: input.name, tensor: tensor))
        }
        return inputs
    }

    private static func outputs(_ message: ModelInferRequest) throws(InferenceError) -> [RequestedOutput]? {
        var outputs: [RequestedOutput] = []
        var names = NameCheck()
        for output in message.outputs {
            guard !names.isRepeated(output.name, in: outputs.lazy.map(\.name)) else {
                throw .repeatedTensor(output.name)
            }
            outputs.append(
                try RequestedOutput(["name": .string(output.name), "parameters": JSONValue(output.parameters)])
            )
        }
        return outputs.isEmpty ? nil : outputs
    }
}

extension JSONValue {
    /// Creates the object that parameters are in JSON, by their names.
    init(_ parameters: InferParameterMap) {
        var object = JSONObject()
        for (name, parameter) in parameters.sorted(by: { $0.key.text < $1.key.text }) {
            object[name.text] = JSONValue(parameter)
        }
        self = .object(object)
    }

    init(_ parameter: InferParameter) {
        self =
            switch parameter {
            case .unset: .null
            case .bool(let flag): .bool(flag)
            case .int64(let number): .number(.int(number))
            case .string(let text): .string(text)
            case .double(let number): .number(.double(number))
            case .uint64(let number): Int64(exactly: number).map { .number(.int($0)) } ?? .number(.uint(number))
            }
    }
}
