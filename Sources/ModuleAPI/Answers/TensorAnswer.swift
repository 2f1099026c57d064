import HTTP
import HTTPTypes
import JSON
import Models
import Tensors
import Web

/// Answers with a tensor as content; their fields already say so.
enum TensorAnswer {
    /// Returns an answer with the elements of `tensor` as they lie in memory, little-endian and row-major, without a copy.
    static func bytes(_ tensor: Tensor, fields: consuming ResponseFields) -> Response {
        fields.append("Tensor-Shape", decimals: tensor.shape.dimensions)
        fields.append("Tensor-Dtype", tensor.dtype.rawValue)
        let owner = tensor.storageOwner
        let shared = tensor.withUnsafeBytes { SharedBytes(owner: owner, buffer: $0) }
        return Response(status: .ok, fields: fields, body: .shared(shared))
    }
}
