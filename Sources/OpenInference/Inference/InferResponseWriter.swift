import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// Writes the answer to `infer`: JSON, with the bytes of binary outputs behind it.
struct InferResponseWriter {
    let modelName: String
    let modelVersion: Int
    let id: String?
    /// What becomes of NaN and infinity in JSON: refused, or written as Triton writes them.
    let nonFinite: NonFinitePolicy

    private static let fields = ([.contentType: "application/json"] as ResponseFields).varyingByCoding()
    private static let binaryFields: ResponseFields = [.contentType: "application/octet-stream"]

    func response(_ outputs: [InferOutput]) throws(InferenceError) -> Response {
        var body = try header(outputs)
        var fields = Self.fields
        let binary = outputs.filter { $0.isBinary && $0.byteCount > 0 }
        if !binary.isEmpty {
            fields = Self.binaryFields
            fields[.inferenceHeaderContentLength] = String(body.count)
            body.reserveCapacity(body.count + binary.reduce(0) { $0 + $1.byteCount })
            for output in binary { output.appendBytes(to: &body) }
        }
        return Response(status: .ok, fields: fields, body: .bytes(body))
    }

    private func header(_ outputs: [InferOutput]) throws(InferenceError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(plain: "model_name")
        writer.write(modelName)
        writer.key(plain: "model_version")
        writer.write(String(modelVersion))
        if let id { writer.member("id", id) }
        writer.key(plain: "outputs")
        writer.beginArray()
        for output in outputs { try write(output, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    private func write(_ output: InferOutput, to writer: inout JSONWriter) throws(InferenceError) {
        writer.beginObject()
        writer.key(plain: "name")
        writer.write(output.name)
        writer.key(plain: "datatype")
        writer.write(output.datatype)
        writer.key(plain: "shape")
        writer.write(output.shape)
        if output.isBinary {
            writer.key("parameters")
            writer.beginObject()
            writer.member("binary_data_size", output.byteCount)
            writer.endObject()
        } else {
            writer.key(plain: "data")
            try writeData(output, to: &writer)
        }
        writer.endObject()
    }

    /// Writes the elements as one flat list: clients of the protocol expect no nesting.
    private func writeData(_ output: InferOutput, to writer: inout JSONWriter) throws(InferenceError) {
        switch output.content {
        case .labels(let labels, _):
            writer.beginArray()
            for label in labels { writer.write(label) }
            writer.endArray()
        case .tensor(let tensor):
            do {
                try writer.write(tensor, isFlat: true, nonFinite)
            } catch {
                throw .notFinite(output: output.name)
            }
        }
    }
}
