import HTTP
import HTTPTypes
import JSON
import Models
import OrderedCollections
import Serving
import Tensors
import Web

/// The answer to a call.
struct CallAnswer {
    let result: CallResult
    let nonFinite: NonFinitePolicy
    /// Bytes of the fields of most answers, with those that middleware adds.
    private static let usualFieldBytes = 256

    /// Returns the output in the form that the client asked for.
    func response(as representation: Representation, showsGradient: Bool, showsCaptures: Bool) throws -> Response {
        switch representation {
        case .text: Response.text(text, fields: fields(.text))
        case .bytes: TensorAnswer.bytes(try onlyOutput, fields: fields(.bytes))
        case .safetensors, .plainSafetensors:
            try SafetensorsAnswer.response(result, fields: fields(representation))
        default: try json(showsGradient: showsGradient, showsCaptures: showsCaptures)
        }
    }

    /// Returns the output as JSON, with more `members` behind it.
    func json(
        showsGradient: Bool,
        showsCaptures: Bool,
        members: (inout JSONWriter) throws(DocumentProblem) -> Void = { _ in }
    ) throws -> Response {
        var writer = JSONWriter(capacity: 256 + 12 * result.outputs.elementCount)
        writer.beginObject()
        if let output = result.outputs.only {
            try writer.members(of: output, data: "output", nonFinite)
        } else {
            try writeOutputs(to: &writer)
        }
        if showsGradient {
            writer.key("grad_fn")
            if let name = result.gradFunction { writer.write(name) } else { writer.writeNull() }
        }
        try members(&writer)
        if showsCaptures { try write(result.captures, to: &writer) }
        writer.endObject()
        return Response.json(writer, fields: fields(.json))
    }

    private func fields(_ representation: Representation) -> ResponseFields {
        var fields = ResponseFields(.unstored(representation), room: Self.usualFieldBytes)
        fields.append("Callpath-Module-Version", decimal: result.version)
        return fields
    }

    private var text: String { result.outputs.value.pythonText }

    /// The only output, for answers with room for one.
    private var onlyOutput: Tensor {
        get throws(Problem) {
            guard result.outputs.count == 1, let output = result.outputs.first else {
                throw Problem(
                    .notAcceptable,
                    "Bytes hold one tensor, and the module gives \(result.outputs.count).",
                    expected: [.string(Representation.json.rawValue), .string(Representation.safetensors.rawValue)],
                    got: .string(Representation.bytes.rawValue)
                )
            }
            return output
        }
    }

    private func writeOutputs(to writer: inout JSONWriter) throws(DocumentProblem) {
        writer.key("outputs")
        writer.beginObject()
        for (name, tensor) in result.outputs.tensors { try writer.member(name, tensor, nonFinite) }
        writer.endObject()
    }

    private func write(_ captures: [Capture], to writer: inout JSONWriter) throws(DocumentProblem) {
        writer.key("captures")
        writer.beginArray()
        for capture in captures {
            writer.beginObject()
            writer.member("hook", capture.hook)
            writer.member("module", capture.module)
            if let node = capture.node { writer.member("node", node) }
            writer.member("kind", capture.kind.rawValue)
            if let output = capture.output { writer.member("output", output) }
            try writer.members(of: capture.tensor, nonFinite)
            writer.endObject()
        }
        writer.endArray()
    }
}
