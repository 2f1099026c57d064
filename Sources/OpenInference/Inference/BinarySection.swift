import Models
import ModuleAPI
import Tensors
import Web

/// The bytes behind the JSON part of a request: one blob a tensor, without separators, in the order of the tensors.
struct BinarySection {
    private let body: [UInt8]
    private var next: Int

    init(body: [UInt8], from start: Int) {
        self.body = body
        next = start
    }

    /// Takes the next blob as a tensor.
    mutating func tensor(named name: String, dtype: DType, shape: Shape) throws(InferenceError) -> Tensor {
        let (count, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.itemSize)
        let available = body.count - next
        guard !overflow, count <= available else {
            throw .missingBytes(tensor: name, expected: overflow ? .max : count, got: available)
        }
        defer { next += count }
        let blob = body[next..<(next + count)]
        do {
            return try blob.withUnsafeBytes { bytes in
                Result { () throws(TensorError) in try Tensor(bytes: bytes, dtype: dtype, shape: shape) }
            }.get()
        } catch {
            throw .invalidShape(tensor: name, error)
        }
    }

    /// Refuses bytes that no tensor claimed.
    func finish() throws(InferenceError) {
        guard next == body.count else { throw .bytesLeftOver(body.count - next) }
    }
}
