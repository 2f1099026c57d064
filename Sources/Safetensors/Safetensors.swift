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
        /// The names of the types that no tensor here can have, by the names of the tensors that have them.
        package let foreign: OrderedDictionary<String, String>
        /// The free text that came along.
        package let metadata: [String: String]

        package init(
            tensors: OrderedDictionary<String, Tensor>,
            foreign: OrderedDictionary<String, String> = [:],
            metadata: [String: String] = [:]
        ) {
            self.tensors = tensors
            self.foreign = foreign
            self.metadata = metadata
        }
    }

    /// Returns the tensors in a file, in the order of their data; all must have types that tensors have here.
    package static func tensors(in bytes: [UInt8]) throws(SafetensorsError) -> OrderedDictionary<String, Tensor> {
        let contents = try contents(of: bytes)
        if let (name, type) = contents.foreign.elements.first { throw .unsupportedDType(type, tensor: name) }
        return contents.tensors
    }

    /// Returns what a file holds.
    ///
    /// The whole header is checked first; then no more memory is taken for tensors than the file has bytes.
    package static func contents(of bytes: [UInt8]) throws(SafetensorsError) -> Contents {
        let header = try SafetensorsHeader(of: bytes)
        var tensors = OrderedDictionary<String, Tensor>(minimumCapacity: header.entries.count)
        var foreign: OrderedDictionary<String, String> = [:]
        for entry in header.entries {
            if case .foreign(let type, _) = entry.type {
                foreign[entry.name] = type
            } else {
                tensors[entry.name] = try tensor(entry, in: bytes)
            }
        }
        return Contents(tensors: tensors, foreign: foreign, metadata: header.metadata)
    }

    /// Returns the tensor of an entry whose type is none that stays as it is.
    private static func tensor(
        _ entry: SafetensorsHeader.Entry,
        in bytes: [UInt8]
    ) throws(SafetensorsError) -> Tensor? {
        do throws(TensorError) {
            return try bytes.withUnsafeBufferPointer { file throws(TensorError) in
                let data = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: file[entry.range]))
                return switch entry.type {
                case .plain(let dtype): try Tensor(bytes: data, dtype: dtype, shape: entry.shape)
                case .float8(let float8): try float8.tensor(data, shape: entry.shape)
                case .foreign: nil
                }
            }
        } catch { throw .refused(error, tensor: entry.name) }
    }
}
