import Synchronization

/// The packed forms of weights that lie in a body's bytes, each made by the first product with it.
///
/// A body may hold some: an attention's projection of queries, keys and values is used as a whole and in parts.
/// Bytes never change, so every tensor and every clone of a module that shares them shares the packed form too.
struct PackingCache: ~Copyable {
    struct Entry {
        let start: UnsafeRawPointer
        let packed: PackedWeight
    }

    private let entries = Mutex<[Entry]>([])

    /// The most that are kept; the oldest gives way.
    private static let capacity = 4

    /// Whether nothing was packed yet.
    var isEmpty: Bool { entries.withLock { $0.isEmpty } }

    /// Keeps the packed form of `weight`.
    func keep(_ packed: PackedWeight, of weight: Tensor) {
        entries.withLock { Self.keep(packed, of: weight, in: &$0) }
    }

    private static func keep(_ packed: PackedWeight, of weight: Tensor, in entries: inout [Entry]) {
        if entries.count == capacity { entries.removeFirst() }
        entries.append(Entry(start: weight.body.start, packed: packed))
    }

    /// Returns the packed form of `weight`, a matrix of (outputs, inputs) among these bytes.
    func packed(_ weight: Tensor, as format: WeightStorage) throws(TensorError) -> PackedWeight {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let packed = entries.withLock { entries in
            for entry in entries
            where entry.start == weight.body.start && entry.packed.storage == format && entry.packed.outputs == outputs
                && entry.packed.inputs == inputs
            {
                return Optional(entry.packed)
            }
            let packed = weight.withUnsafeBytes { bytes in
                bytes.baseAddress.flatMap { PackedWeight($0, storage: format, outputs: outputs, inputs: inputs) }
            }
            guard let packed else { return nil }
            Self.keep(packed, of: weight, in: &entries)
            return packed
        }
        guard let packed else { throw .outOfMemory(weight.byteCount) }
        return packed
    }
}
