import HashTreeCollections

/// The bytes of modules: their own objects, and the storages of their tensors with their packed copies, each storage
/// counted once however many modules share it.
///
/// A copy shares what did not change, and versions of a tree are counted by the blocks in which they differ.
struct StorageLedger: Sendable {
    private struct Use {
        var count = 0
        var byteCount = 0
    }

    /// What becomes of a storage.
    private struct Change {
        var count = 0
        /// The most that a use takes of those that come, and of those that go.
        var (coming, going) = (0, 0)

        mutating func note(_ use: StorageUse, _ sign: Int) {
            count += sign
            if sign > 0 { coming = max(coming, use.footprint) } else { going = max(going, use.footprint) }
        }
    }

    private typealias Blocks = [ObjectIdentifier: (block: TreeStorages.Block, count: Int)]

    /// How many versions, or blocks that count themselves, have a block.
    private var blockCounts: TreeDictionary<ObjectIdentifier, Int> = [:]
    private var uses: TreeDictionary<ObjectIdentifier, Use> = [:]
    /// All bytes together.
    private(set) var byteCount = 0

    /// Takes `gone` out and `new` in; what both have costs nothing but a look.
    mutating func replace(_ gone: [ModuleVersion], by new: [ModuleVersion]) {
        byteCount += new.reduce(0) { $0 + $1.objectByteCount } - gone.reduce(0) { $0 + $1.objectByteCount }
        var blocks: Blocks = [:]
        for version in new { Self.note(version.storages.root, 1, in: &blocks) }
        for version in gone { Self.note(version.storages.root, -1, in: &blocks) }
        var changes: [ObjectIdentifier: Change] = [:]
        while !blocks.isEmpty {
            var inner: Blocks = [:]
            for (block, count) in blocks.values where count != 0 {
                let sign = self.count(block, count)
                guard sign != 0 else { continue }
                switch block.content {
                case .uses(let uses): for use in uses.joined() { changes[use.id, default: Change()].note(use, sign) }
                case .blocks(let parts, _): for part in parts { Self.note(part, sign, in: &inner) }
                }
            }
            blocks = inner
        }
        for (id, change) in changes { apply(change, to: id) }
    }

    private static func note(_ block: TreeStorages.Block, _ count: Int, in blocks: inout Blocks) {
        blocks[ObjectIdentifier(block), default: (block, 0)].count += count
    }

    /// Counts a block, and returns 1 if it is new here, -1 if nobody has it any more, and 0 otherwise.
    private mutating func count(_ block: TreeStorages.Block, _ change: Int) -> Int {
        let before = blockCounts[ObjectIdentifier(block)] ?? 0
        let after = before + change
        blockCounts[ObjectIdentifier(block)] = after > 0 ? after : nil
        return (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
    }

    private mutating func apply(_ change: Change, to id: ObjectIdentifier) {
        guard change.count != 0 || change.coming > change.going else { return }
        let known = uses[id] ?? Use()
        let count = known.count + change.count
        // A layer that keeps a packed copy makes more of a storage that others use too.
        let larger = count > 0 ? max(known.byteCount, change.coming) : 0
        uses[id] = count > 0 ? Use(count: count, byteCount: larger) : nil
        byteCount += larger - known.byteCount
    }
}
