import Synchronization

/// What a store has at one moment: as long as it is held, nothing of it goes.
package final class StoredMoment: Sendable {
    let instance: String
    let revision: Int
    let counters: StoreCounters
    let records: [StoreRecord]
    let blobs: any BlobKeeper
    private let partsOf: @Sendable (StoreRecord) throws(StoreError) -> [PartRow]
    private let letGo: @Sendable () -> Void

    /// Takes what there is, how the parts of a version are read, and what is to be done when nobody holds the moment any more.
    init(
        instance: String,
        revision: Int,
        counters: StoreCounters,
        records: [StoreRecord],
        blobs: any BlobKeeper,
        parts partsOf: @escaping @Sendable (StoreRecord) throws(StoreError) -> [PartRow],
        letGo: @escaping @Sendable () -> Void
    ) {
        (self.instance, self.revision, self.counters, self.records) = (instance, revision, counters, records)
        (self.blobs, self.partsOf, self.letGo) = (blobs, partsOf, letGo)
    }

    deinit { letGo() }

    /// Returns the parts of a version that was there at that moment.
    func parts(of record: StoreRecord) throws(StoreError) -> [PartRow] { try partsOf(record) }
}

extension Store {
    /// Returns what is there now, between two commits.
    package func moment() throws(StoreError) -> StoredMoment {
        try reading(nil) { (index) throws(StoreError) in
            let records = try index.records()
            state.withLock { $0.backups += 1 }
            return StoredMoment(
                instance: index.meta.instance,
                revision: index.meta.revision,
                counters: index.meta.counters,
                records: records,
                blobs: blobs,
                parts: { [self] (record) throws(StoreError) in
                    try self.index.withLock { (index) throws(StoreError) in try index.parts(of: record) }
                },
                letGo: { [self] in
                    state.withLock { $0.backups -= 1 }
                    dropLooseParts()
                }
            )
        }
    }
}
