package import OrderedCollections
package import Tensors

/// Named tensors in one file: eight bytes of length, a JSON header, and the data of each tensor.
///
/// What is written is what the reference implementation writes, byte for byte (with more than one entry of metadata, whose order it
/// leaves to chance, in the order of their keys). What it refuses is refused, and duplicate keys too.
package enum Safetensors {
    /// What a file holds.
    package struct Contents: Sendable {
        /// The tensors in the order of their data.
        package let tensors: OrderedDictionary<String, Tensor>
        /// The free text that came along.
        package let metadata: [String: String]
    }

    /// Returns the tensors in a file, in the order of their data.
    package static func tensors(in bytes: [UInt8]) throws(SafetensorsError) -> OrderedDictionary<String, Tensor> {
        try contents(of: bytes).tensors
    }

    /// Returns what a file holds.
    ///
    /// The whole header is checked first; then no more memory is taken for tensors than the file has bytes.
    package static func contents(of bytes: [UInt8]) throws(SafetensorsError) -> Contents {
        let header = try SafetensorsHeader(of: bytes)
        var tensors = OrderedDictionary<String, Tensor>(minimumCapacity: header.entries.count)
        for entry in header.entries { tensors[entry.name] = try tensor(entry, in: bytes) }
        return Contents(tensors: tensors, metadata: header.metadata)
    }

    private static func tensor(
        _ entry: SafetensorsHeader.Entry,
        in bytes: [UInt8]
    ) throws(SafetensorsError) -> Tensor {
        do throws(TensorError) {
            return try bytes.withUnsafeBufferPointer { file throws(TensorError) in
                let data = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: file[entry.range]))
                return try Tensor(bytes: data, dtype: entry.dtype, shape: entry.shape)
            }
        } catch { throw .refused(error, tensor: entry.name) }
    }
}
