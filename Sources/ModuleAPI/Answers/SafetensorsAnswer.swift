import HTTP
import HTTPTypes
import JSON
import Models
import OrderedCollections
import Safetensors
import Serving
import Tensors
import Web

/// Tensors by name as one file in the safetensors format.
enum SafetensorsAnswer {
    static func response(
        _ tensors: OrderedDictionary<String, Tensor>,
        metadata: [String: String] = [:],
        fields: ResponseFields
    ) throws -> Response {
        let bytes = try Safetensors.bytes(of: tensors, metadata: metadata)
        return Response(status: .ok, fields: fields, body: .bytes(bytes))
    }

    /// Returns an output with the captures of its call: `output`, and `captures.0` onwards, which the file's metadata
    /// describes under the same names.
    static func response(_ result: CallResult, fields: ResponseFields) throws -> Response {
        var tensors = result.outputs.tensors.mapValues { $0.detached() }
        var metadata: [String: String] = [:]
        for (index, capture) in result.captures.enumerated() {
            tensors["captures.\(index)"] = capture.tensor
            metadata["captures.\(index)"] = description(of: capture)
        }
        return try response(tensors, metadata: metadata, fields: fields)
    }

    /// Returns the tensors of a module, and in the metadata what they are the tensors of.
    static func state(of moduleVersion: ModuleVersion, fields: ResponseFields) throws -> Response {
        let description = try ModuleDocumentWriter.description(of: moduleVersion)
        let metadata = [ModelFile.metadataKey: description, "format": "pt"]
        return try response(moduleVersion.stateDict, metadata: metadata, fields: fields)
    }

    private static func description(of capture: Capture) -> String {
        var writer = JSONWriter(capacity: 64)
        writer.beginObject()
        writer.member("hook", capture.hook)
        writer.member("module", capture.module)
        if let node = capture.node { writer.member("node", node) }
        writer.member("kind", capture.kind.rawValue)
        if let output = capture.output { writer.member("output", output) }
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
