/// The bytes of modules: their own objects, and the storages of their tensors with their packed copies, each storage
/// counted once however many modules share it.
struct StorageLedger {
    private var uses: [ObjectIdentifier: (count: Int, byteCount: Int)] = [:]
    /// All bytes together.
    private(set) var byteCount = 0

    mutating func add(_ publication: Publication) {
        byteCount += publication.objectByteCount
        for storage in publication.storages {
            if uses[storage.id] == nil { byteCount += storage.footprint }
            uses[storage.id, default: (0, storage.footprint)].count += 1
        }
    }

    mutating func remove(_ publication: Publication) {
        byteCount -= publication.objectByteCount
        for storage in publication.storages {
            guard let use = uses[storage.id] else { continue }
            if use.count == 1 {
                uses[storage.id] = nil
                byteCount -= use.byteCount
            } else {
                uses[storage.id]?.count -= 1
            }
        }
    }
}
