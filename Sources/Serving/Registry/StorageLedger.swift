import HashTreeCollections

/// The bytes of modules: their own objects, and the storages of their tensors with their packed copies, each storage
/// counted once however many modules share it.
///
/// A copy shares what did not change.
struct StorageLedger: Sendable {
    private struct Use {
        var count: Int
        let byteCount: Int
    }

    private var uses: TreeDictionary<ObjectIdentifier, Use> = [:]
    /// All bytes together.
    private(set) var byteCount = 0

    /// Takes `gone` out and `new` in; what both have costs nothing but a look.
    mutating func replace(_ gone: [Publication], by new: [Publication]) {
        byteCount += new.reduce(0) { $0 + $1.objectByteCount } - gone.reduce(0) { $0 + $1.objectByteCount }
        var changes: [ObjectIdentifier: (count: Int, byteCount: Int)] = [:]
        for storage in new.lazy.flatMap(\.storages) {
            changes[storage.id, default: (0, storage.footprint)].count += 1
        }
        for storage in gone.lazy.flatMap(\.storages) {
            changes[storage.id, default: (0, storage.footprint)].count -= 1
        }
        for (storage, change) in changes where change.count != 0 {
            count(storage, change.count, byteCount: change.byteCount)
        }
    }

    private mutating func count(_ storage: ObjectIdentifier, _ change: Int, byteCount footprint: Int) {
        guard let use = uses[storage] else {
            guard change > 0 else { return }
            uses[storage] = Use(count: change, byteCount: footprint)
            byteCount += footprint
            return
        }
        if use.count + change > 0 {
            uses[storage]?.count += change
        } else {
            uses[storage] = nil
            byteCount -= use.byteCount
        }
    }
}
