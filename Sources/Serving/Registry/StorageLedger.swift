/// The bytes behind tensors and their packed copies, each storage counted once however many modules share it.
struct StorageLedger {
    private var uses: [ObjectIdentifier: (count: Int, byteCount: Int)] = [:]
    /// The bytes of all storages in use.
    private(set) var byteCount = 0

    mutating func add(_ storages: [StorageUse]) {
        for storage in storages {
            if uses[storage.id] == nil { byteCount += storage.footprint }
            uses[storage.id, default: (0, storage.footprint)].count += 1
        }
    }

    mutating func remove(_ storages: [StorageUse]) {
        for storage in storages {
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
