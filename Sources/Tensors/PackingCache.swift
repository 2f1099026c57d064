import Synchronization

/// The packed form of a weight that lies in a body's bytes, made by the first product with it.
///
/// Bytes never change, so every tensor and every clone of a module that shares them shares the packed form too.
struct PackingCache: ~Copyable {
    struct Entry {
        let start: UnsafeRawPointer
        let packed: PackedWeight
    }

    private let entry = Mutex<Entry?>(nil)

    /// Keeps the packed form of `weight`.
    func keep(_ packed: PackedWeight, of weight: Tensor) {
        entry.withLock { $0 = Entry(start: weight.body.start, packed: packed) }
    }

    /// Returns the packed form of `weight`, a matrix of (outputs, inputs) among these bytes.
    func packed(_ weight: Tensor, as format: WeightStorage) throws(TensorError) -> PackedWeight {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let packed = entry.withLock { entry in
            if let entry, entry.start == weight.body.start, entry.packed.storage == format,
                entry.packed.outputs == outputs, entry.packed.inputs == inputs
            {
                return Optional(entry.packed)
            }
            let packed = weight.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap { PackedWeight($0, storage: format, outputs: outputs, inputs: inputs) }
            }
            entry = packed.map { Entry(start: weight.body.start, packed: $0) } ?? entry
            return packed
        }
        guard let packed else { throw .outOfMemory(weight.byteCount) }
        return packed
    }
}
