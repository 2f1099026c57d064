import HTTP
import HTTPTypes
import JSON
import Tensors

/// Answers with content; their fields already say which.
enum TensorAnswer {
    /// Returns an answer with the elements of `tensor` as they lie in memory, little-endian and row-major, without a copy.
    static func bytes(_ tensor: Tensor, fields: consuming ResponseFields) -> Response {
        fields.append("Tensor-Shape", decimals: tensor.shape.dimensions)
        fields.append("Tensor-Dtype", tensor.dtype.rawValue)
        let owner = tensor.storageOwner
        let shared = tensor.withUnsafeBytes { SharedBytes(owner: owner, buffer: $0) }
        return Response(status: .ok, fields: fields, body: .shared(shared))
    }

    /// Returns an answer with the text that PyTorch prints.
    static func text(_ text: String, fields: ResponseFields) -> Response {
        Response(status: .ok, fields: fields, body: .bytes(Array("\(text)\n".utf8)))
    }

    /// Returns an answer in JSON.
    static func json(_ writer: consuming JSONWriter, status: HTTPResponse.Status = .ok, fields: ResponseFields)
        -> Response
    {
        Response(status: status, fields: fields, body: .bytes(writer.finish()))
    }
}
