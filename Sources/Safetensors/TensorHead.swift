package import Tensors

/// What stands before the elements in a file of one tensor.
package struct TensorHead: Sendable {
    /// The bytes that say how long the header is.
    package static let lengthByteCount = 8

    package let dtype: DType
    package let shape: Shape

    /// Returns how many bytes come before the elements, from the first eight of the file; `nil` if it has not so many.
    package static func byteCount(in length: [UInt8], fileSize: Int) -> Int? {
        guard length.count == lengthByteCount, fileSize >= lengthByteCount else { return nil }
        let count = length.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard count <= UInt64(fileSize - lengthByteCount) else { return nil }
        return lengthByteCount + Int(count)
    }

    /// Reads the head of the only tensor of a file, which is called `name` and reaches to the file's end.
    ///
    /// Returns `nil` for a file of other tensors, or of a type that stays not as it is.
    package init?(of bytes: [UInt8], named name: String, fileSize: Int) throws(SafetensorsError) {
        let header = try SafetensorsHeader(of: bytes, fileSize: fileSize)
        guard let entry = header.entries.first, header.entries.count == 1, entry.name == name,
            case .plain(let dtype) = entry.type
        else { return nil }
        (self.dtype, shape) = (dtype, entry.shape)
    }
}
