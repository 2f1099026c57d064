import Synchronization

extension Store {
    /// Writes the files of a change, beside whatever else goes on; nobody sees them before the commit.
    package func prepare(_ change: StoreChange) throws(StoreError) -> PreparedChange {
        if let failure { throw .failed(reason: failure, outcome: .unchanged) }
        let room = try reserve(change.byteCount)
        var files: [PartPlace: Digest] = [:]
        // Until the prepared change holds them.
        defer { for file in files.values { blobs.unpin(file) } }
        for case .put(let name, let version, _, let parts, _) in change.steps {
            for case (let key, let part?) in parts where part.isFile {
                let place = PartPlace(name: name, version: version, key: key)
                if let stored = part.stored {
                    blobs.pin(stored.digest)
                    files[place] = stored.digest
                } else {
                    files[place] = try write(part)
                }
            }
        }
        for file in files.values { blobs.pin(file) }
        return PreparedChange(change: change, files: files, room: room, blobs: blobs)
    }

    /// Writes a part as a file before its change, beside whatever else goes on.
    package func write(_ source: any PartSource) throws(StoreError) -> StoredFile {
        if let failure { throw .failed(reason: failure, outcome: .unchanged) }
        let room = try reserve(source.byteCount)
        defer { withExtendedLifetime(room) {} }
        return StoredFile(digest: try write(StorePart(source, isFile: true)), blobs: blobs)
    }

    private func write(_ part: StorePart) throws(StoreError) -> Digest {
        do throws(DiskError) {
            return try blobs.write(part.source)
        } catch {
            // After an fsync that failed nobody knows what the disk has, whatever the reason.
            let isKnown = error.operation != "fsync"
            if error.isFull, isKnown { throw .full }
            if error.isShortage, isKnown { throw .shortage(error) }
            throw fail(because: error.description, .unchanged)
        }
    }

    private func reserve(_ byteCount: Int) throws(StoreError) -> Room? {
        guard maxBytes > 0, byteCount > 0 else { return nil }
        let used = try self.byteCount()
        let requested = state.withLock { state in
            state.reservedBytes += byteCount
            return used + state.reservedBytes
        }
        let room = Room(store: self, byteCount: byteCount)
        guard requested <= maxBytes else { throw .limit(byteCount: maxBytes, requested: requested) }
        return room
    }

    /// Makes changes durable, all or none, and returns the revision that they lead to: each of them adds one.
    package func commit(_ changes: [PreparedChange], counters: StoreCounters) throws(StoreError) -> Int {
        if let failure { throw .failed(reason: failure, outcome: .unchanged) }
        return try index.withLock { (index) throws(StoreError) in
            let keepsLoose = keepsLoose
            do throws(TransactionFailure) {
                if canWait(changes, index) {
                    try index.append(changes.map(\.change), counters)
                    note(index)
                } else {
                    let rest = try index.transaction(keepsLoose: keepsLoose) { (meta, rest) throws(DatabaseError) in
                        for change in changes {
                            rest.merge(
                                try index.apply(change.change, change.files, keepsLoose: keepsLoose, to: &meta)
                            )
                        }
                        meta.revision += changes.count
                        meta.counters = counters
                    }
                    note(index, rest)
                }
            } catch {
                throw failure(of: error)
            }
            return index.meta.revision
        }
    }

    private func canWait(_ changes: [PreparedChange], _ index: Index) -> Bool {
        changes.allSatisfy { (try? index.canWait($0.change)) == true }
    }

    /// Whether a backup reads what no version has any more.
    private var keepsLoose: Bool { state.withLock { $0.backups > 0 } }

    /// Notes what a commit has made and left over.
    private func note(_ index: Index, _ rest: Index.Leftovers = Index.Leftovers()) {
        let (meta, syncTime) = (index.meta, index.syncTime)
        state.withLock { state in
            (state.meta, state.syncTime) = (meta, syncTime)
            state.spareFiles.merge(rest.files) { size, _ in size }
            state.looseNames.formUnion(rest.names)
        }
    }

    /// Puts the changes that wait into the tables.
    ///
    /// - Returns: Whether they are there. Without room they wait on, as safe as before, and the next change says so.
    @discardableResult
    func settle(_ index: Index) -> Bool {
        guard failure == nil else { return false }
        do throws(TransactionFailure) {
            note(index, try index.transaction(keepsLoose: keepsLoose))
            return true
        } catch {
            let isShort = error.error.isFull || error.error.isShortage && !error.wasCommitting
            if !isShort { _ = fail(because: error.error.description, .unchanged) }
            return false
        }
    }

    private func failure(of transaction: TransactionFailure) -> StoreError {
        let error = transaction.error
        // The log's last frame is what makes a commit, and it was not written.
        if error.isFull { return .full }
        if !transaction.wasCommitting, error.isShortage {
            return .shortage(DiskError("open", path, error.systemNumber))
        }
        return fail(because: error.description, transaction.wasCommitting ? .unknown : .unchanged)
    }

    /// Ends all changes until a restart: what the disk has is not known any more.
    func fail(because reason: String, _ outcome: StoreOutcome) -> StoreError {
        let isFirst = state.withLock { state in
            guard state.failure == nil else { return false }
            state.failure = reason
            return true
        }
        let error = StoreError.failed(reason: reason, outcome: outcome)
        if isFirst { didFail(error.message) }
        return error
    }

    /// Removes the files that commits left over, and moves a long log into the index; after the answers are on their way.
    package func tidy() {
        // After a commit of unknown outcome the log may name what the tables do not.
        guard failure == nil else { return }
        index.withLock { index in
            if index.isTimeToSettle { settle(index) }
            var spare = state.withLock { state in
                defer { state.spareFiles = [:] }
                return state.spareFiles
            }
            spare.merge(blobs.takeReleased()) { size, _ in size }
            for (file, size) in spare where (try? index.names(file)) == false {
                try? blobs.remove(file, byteCount: size)
            }
            // What waits does not go into the file, where a flipped bit would be found and not be mended.
            guard index.waiting.isEmpty else { return }
            do throws(DatabaseError) {
                try index.checkpointIfLong()
            } catch {
                // Without room the log goes on growing, and the next change says so.
                if !error.isFull, !error.isShortage { _ = fail(because: error.description, .unchanged) }
            }
        }
    }

    /// Removes what an earlier process left behind: files that no part names, and parts that no version has.
    ///
    /// Nothing is removed where a row is damaged: what nobody seems to need may be what it was about.
    package func sweep() {
        guard let (files, _) = try? blobs.contents() else { return }
        guard let rest = try? reading(nil, { (index) throws(StoreError) in try index.looseParts() }) else { return }
        state.withLock { $0.looseNames.formUnion(rest.names) }
        dropLooseParts()
        for file in files where !rest.files.contains(file) {
            index.withLock { index in
                guard (try? index.names(file)) == false, let size = try? blobs.size(of: file) else { return }
                try? blobs.remove(file, byteCount: size)
            }
        }
    }

    /// Moves the log into the index once no change comes any more: a log is what a flipped bit cuts short.
    package func close() {
        guard failure == nil else { return }
        index.withLock { index in
            if index.waiting.isEmpty || settle(index) { try? index.endLog() }
        }
    }

    /// Takes away the parts that a backup held, once none is under way.
    func dropLooseParts() {
        let names = state.withLock { state in
            guard state.backups == 0, state.failure == nil else { return Set<String>() }
            defer { state.looseNames = [] }
            return state.looseNames
        }
        guard !names.isEmpty else { return }
        index.withLock { index in
            let rest = try? index.transaction(keepsLoose: false) { (_, rest) throws(DatabaseError) in
                rest.names.formUnion(names)
            }
            note(index, rest ?? Index.Leftovers())
        }
        tidy()
    }
}

/// A change whose files are on the disk, for as long as it is held.
package final class PreparedChange: Sendable {
    package let change: StoreChange
    package let files: [PartPlace: Digest]
    private let room: Room?
    private let blobs: any BlobKeeper

    package init(change: StoreChange, files: [PartPlace: Digest], room: Room? = nil, blobs: any BlobKeeper) {
        self.change = change
        self.files = files
        self.room = room
        self.blobs = blobs
    }

    /// Returns the change with further steps, which bring no parts.
    package func adding(_ steps: [StoreStep]) -> PreparedChange {
        for file in files.values { blobs.pin(file) }
        return PreparedChange(change: StoreChange(change.steps + steps), files: files, room: room, blobs: blobs)
    }

    deinit {
        for file in files.values { blobs.unpin(file) }
    }
}

/// Bytes of the folder that a change is going to need.
package final class Room: Sendable {
    private let store: Store
    private let byteCount: Int

    init(store: Store, byteCount: Int) {
        self.store = store
        self.byteCount = byteCount
    }

    deinit {
        store.state.withLock { $0.reservedBytes -= byteCount }
    }
}
