import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// An output tensor on its way to the client.
struct InferOutput {
    enum Content {
        case tensor(Tensor)
        /// Classes as `"<value>:<index>"`, laid out under `shape`.
        case labels([String], shape: [Int])
    }

    let name: String
    let content: Content
    let isBinary: Bool

    var datatype: String {
        switch content {
        case .tensor(let tensor): InferenceDatatype(tensor.dtype).rawValue
        case .labels: InferenceDatatype.bytesName
        }
    }

    var shape: [Int] {
        switch content {
        case .tensor(let tensor): tensor.shape.dimensions
        case .labels(_, let shape): shape
        }
    }

    /// The count of bytes that it takes as binary data.
    var byteCount: Int {
        switch content {
        case .tensor(let tensor): tensor.byteCount
        case .labels(let labels, _): labels.reduce(0) { $0 + 4 + $1.utf8.count }
        }
    }

    /// Appends its bytes as binary tensor data: little-endian; a string is its length in four bytes, then itself.
    func appendBytes(to body: inout [UInt8]) {
        switch content {
        case .tensor(let tensor): tensor.withUnsafeBytes { body.append(contentsOf: $0) }
        case .labels(let labels, _):
            for label in labels {
                withUnsafeBytes(of: UInt32(label.utf8.count).littleEndian) { body.append(contentsOf: $0) }
                body.append(contentsOf: label.utf8)
            }
        }
    }
}
