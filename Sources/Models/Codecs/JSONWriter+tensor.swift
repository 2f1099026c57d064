package import JSON
package import Tensors

extension JSONWriter {
    /// Writes the elements of a tensor as nested lists, or as one; `policy` says what becomes of NaN and infinity.
    package mutating func write(_ tensor: Tensor, isFlat: Bool = false, _ policy: NonFinitePolicy)
        throws(DocumentProblem)
    {
        // Every half number is a float32; the other types have decimals of their own.
        if tensor.dtype.isHalf { return try write(Self.widened(tensor), isFlat: isFlat, policy) }
        do throws(JSONWriteError) {
            try writeElements(of: tensor, as: isFlat ? [tensor.elementCount] : tensor.shape.dimensions, policy)
        } catch {
            switch error {
            case .notFinite:
                throw DocumentProblem(
                    .notFinite,
                    "The answer holds NaN or infinity, which this server is set to refuse in JSON."
                )
            case .tooManyEmptyLists(let shape, let limit):
                throw DocumentProblem(
                    .answerTooLarge,
                    "The shape \(shape) has more than \(limit) empty lists; ask for bytes."
                )
            }
        }
    }

    private static func widened(_ tensor: Tensor) throws(DocumentProblem) -> Tensor {
        do throws(TensorError) {
            return try tensor.converted(to: .float32)
        } catch {
            throw DocumentProblem(.tensor(error), error.message())
        }
    }

    /// Writes the members `data`, `shape` and `dtype`, the first under another name if the answer has one for it.
    package mutating func members(
        of tensor: Tensor,
        data name: StaticString = "data",
        _ policy: NonFinitePolicy
    ) throws(DocumentProblem) {
        key(plain: name)
        try write(tensor, policy)
        key(plain: "shape")
        write(tensor.shape.dimensions)
        key(plain: "dtype")
        write(tensor.dtype.rawValue)
    }

    /// Writes a tensor as an object, or null.
    package mutating func member(_ name: String, _ tensor: Tensor?, _ policy: NonFinitePolicy) throws(DocumentProblem) {
        key(name)
        guard let tensor else { return writeNull() }
        beginObject()
        try members(of: tensor, policy)
        endObject()
    }

    /// Writes a shape under a name.
    package mutating func member(_ name: String, _ shape: Shape) {
        member(name, shape.dimensions)
    }

    private mutating func writeElements(
        of tensor: Tensor,
        as shape: [Int],
        _ policy: NonFinitePolicy
    ) throws(JSONWriteError) {
        try tensor.withUnsafeBytes { bytes throws(JSONWriteError) in
            switch tensor.dtype {
            case .float32, .float16, .bfloat16:
                try write(bytes.bindMemory(to: Float.self), shape: shape, nonFinite: policy)
            case .float64: try write(bytes.bindMemory(to: Double.self), shape: shape, nonFinite: policy)
            case .int64: try write(bytes.bindMemory(to: Int64.self), shape: shape)
            case .int32: try write(bytes.bindMemory(to: Int32.self), shape: shape)
            case .int16: try write(bytes.bindMemory(to: Int16.self), shape: shape)
            case .int8: try write(bytes.bindMemory(to: Int8.self), shape: shape)
            case .uint8: try write(bytes.bindMemory(to: UInt8.self), shape: shape)
            case .uint16: try write(bytes.bindMemory(to: UInt16.self), shape: shape)
            case .uint32: try write(bytes.bindMemory(to: UInt32.self), shape: shape)
            case .uint64: try write(bytes.bindMemory(to: UInt64.self), shape: shape)
            case .bool: try write(bytes.bindMemory(to: Bool.self), shape: shape)
            }
        }
    }
}
