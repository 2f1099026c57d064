import HashTreeCollections

/// The bytes of modules: their own objects, and the storages of their tensors with their packed copies, each storage
/// counted once however many modules share it.
///
/// A copy shares what did not change, and versions of a tree are counted by the blocks in which they differ.
struct StorageLedger: Sendable {
    private struct Use {
        var count: Int
        var byteCount: Int
    }

    private var blockCounts: TreeDictionary<ObjectIdentifier, Int> = [:]
    private var uses: TreeDictionary<ObjectIdentifier, Use> = [:]
    /// All bytes together.
    private(set) var byteCount = 0

    /// Takes `gone` out and `new` in; what both have costs nothing but a look.
    mutating func replace(_ gone: [ModuleVersion], by new: [ModuleVersion]) {
        byteCount += new.reduce(0) { $0 + $1.objectByteCount } - gone.reduce(0) { $0 + $1.objectByteCount }
        var changes: [ObjectIdentifier: (block: TreeStorages.Block, count: Int)] = [:]
        for block in new.lazy.flatMap(\.storages.blocks) {
            changes[ObjectIdentifier(block), default: (block, 0)].count += 1
        }
        for block in gone.lazy.flatMap(\.storages.blocks) {
            changes[ObjectIdentifier(block), default: (block, 0)].count -= 1
        }
        for (block, change) in changes.values where change != 0 { count(block, change) }
    }

    private mutating func count(_ block: TreeStorages.Block, _ change: Int) {
        let before = blockCounts[ObjectIdentifier(block)] ?? 0
        let after = before + change
        blockCounts[ObjectIdentifier(block)] = after > 0 ? after : nil
        if before <= 0, after > 0 { for use in block.uses.joined() { add(use) } }
        if before > 0, after <= 0 { for use in block.uses.joined() { remove(use) } }
    }

    private mutating func add(_ storage: StorageUse) {
        let use = uses[storage.id] ?? Use(count: 0, byteCount: 0)
        // A layer that keeps a packed copy makes more of a storage that others use too.
        let larger = max(use.byteCount, storage.footprint)
        byteCount += larger - use.byteCount
        uses[storage.id] = Use(count: use.count + 1, byteCount: larger)
    }

    private mutating func remove(_ storage: StorageUse) {
        guard let use = uses[storage.id] else { return }
        if use.count > 1 {
            uses[storage.id]?.count -= 1
        } else {
            uses[storage.id] = nil
            byteCount -= use.byteCount
        }
    }
}
