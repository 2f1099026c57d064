import Synchronization

/// The packed form of the weight that lies in a storage, made by the first product with it.
///
/// Bytes never change, so every tensor and every clone of a module that shares them shares the packed form too.
struct PackingCache: ~Copyable {
    struct Entry: Sendable {
        let byteOffset: Int
        let packed: PackedWeight
    }

    private let entry = Mutex<Entry?>(nil)

    /// Returns the packed form of `weight`, a matrix of (outputs, inputs) in this storage.
    func packed(_ weight: Tensor, as format: WeightStorage) throws(TensorError) -> PackedWeight {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let packed = entry.withLock { entry in
            if let entry, entry.byteOffset == weight.byteOffset, entry.packed.storage == format,
                entry.packed.outputs == outputs, entry.packed.inputs == inputs
            {
                return Optional(entry.packed)
            }
            let packed = weight.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap { PackedWeight($0, storage: format, outputs: outputs, inputs: inputs) }
            }
            entry = packed.map { Entry(byteOffset: weight.byteOffset, packed: $0) } ?? entry
            return packed
        }
        guard let packed else { throw .outOfMemory(weight.byteCount) }
        return packed
    }
}
