import CPostgres
import Glibc
package import Store
import Synchronization

extension PostgresStore {
    package func prepare(_ change: StoreChange) throws(StoreError) -> PreparedChange {
        let cache = try cache
        var files: [PartPlace: Digest] = [:]
        for case .put(let name, let version, _, let parts, _) in change.steps {
            for case (let key, let part?) in parts where part.isFile {
                let file = if let stored = part.stored { stored } else { try write(part.source) }
                files[PartPlace(name: name, version: version, key: key)] = file.digest
                cache.pin(file.digest)
            }
        }
        return PreparedChange(change: change, files: files, blobs: cache)
    }

    package func begin() throws(StoreError) -> Int {
        let lost = state.withLock { $0.lostAt == nil && $0.moment != nil ? nil : $0.lostBecause }
        if let lost { throw .unreachable(reason: lost, outcome: .unchanged) }
        return try changes.withLock { (open) throws(StoreError) in
            let deadline = Deadline(after: options.timeout)
            do throws(PostgresError) {
                if let known = open, !known.isClosed {
                    do throws(PostgresError) {
                        return try Self.begin(on: known, until: deadline)
                    } catch {
                        // It may have broken while nobody used it.
                        open = nil
                        guard error.isBroken else { throw error }
                    }
                }
                let connection = try connect(until: deadline)
                open = connection
                return try Self.begin(on: connection, until: deadline)
            } catch {
                open = nil
                noteLoss(error.message)
                throw Self.refusal(error, .unchanged)
            }
        }
    }

    private static func begin(on connection: Connection, until deadline: Deadline) throws(PostgresError) -> Int {
        let text = "BEGIN; SELECT pg_current_xact_id()"
        return try connection.runScript(text, until: deadline).first { Int($0.text(0)) ?? 0 } ?? 0
    }

    package func abandon() {
        changes.withLock { open in
            do throws(PostgresError) {
                try open?.run("ROLLBACK", until: Deadline(after: options.timeout))
            } catch { open = nil }
        }
    }

    package func commit(_ changes: [PreparedChange], counters: StoreCounters) throws(StoreError) -> Int {
        throw .unreachable(reason: "a shared registry is changed only by what its terms allow", outcome: .unchanged)
    }

    package func fill(_ changes: [(StoreChange, SharedTerms)], counters: StoreCounters) throws(StoreError) {
        var prepared: [(PreparedChange, SharedTerms)] = []
        for (change, terms) in changes { prepared.append((try prepare(change), terms)) }
        let isEmpty = try ask { (connection, _) throws(PostgresError) in
            /// A statement may take as long as changes usually do; all of them together take longer.
            var deadline: Deadline { Deadline(after: options.timeout) }
            try connection.run("BEGIN", until: deadline)
            // Others wait, and find that something is there.
            try connection.run("LOCK TABLE callpath.module IN SHARE ROW EXCLUSIVE MODE", until: deadline)
            let count = try connection.run("SELECT count(*) FROM callpath.module", until: deadline).first { $0.int(0) }
            guard count == 0 else {
                try connection.run("ROLLBACK", until: deadline)
                return false
            }
            for (change, terms) in prepared {
                var steps = StepTable()
                steps.append(change)
                try connection.run(
                    Self.apply,
                    [.bytes(Self.drawRequest())] + terms.values + steps.values,
                    until: deadline
                )
            }
            try connection.run(
                "UPDATE callpath.meta SET floor = greatest(floor, $1)",
                [.int(counters.floor)],
                until: deadline
            )
            try connection.run(
                "SELECT setval('callpath.hook_id', greatest($1, nextval('callpath.hook_id')), false)",
                [.int(counters.nextHook)],
                until: deadline
            )
            try connection.run("COMMIT", until: deadline)
            try connection.run("NOTIFY callpath", until: deadline)
            return true
        }
        guard isEmpty else { throw .notEmpty(path: path) }
    }

    private static func drawRequest() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: 0 ... .max) } }

    package func commit(_ prepared: [PreparedChange], _ terms: SharedTerms) throws(StoreError) {
        var steps = StepTable()
        for change in prepared { steps.append(change) }
        let request = Self.drawRequest()
        let values = [PostgresValue.bytes(request)] + terms.values + steps.values
        let deadline = Deadline(after: options.timeout)
        try changes.withLock { (open) throws(StoreError) in
            guard let connection = open else {
                throw .unreachable(reason: "the connection is gone", outcome: .unchanged)
            }
            do throws(PostgresError) {
                try connection.run(Self.apply, values, until: deadline)
            } catch {
                // Without a commit all of it goes with the connection, or by the rollback.
                _ = try? connection.run("ROLLBACK", until: deadline)
                if connection.isClosed { open = nil }
                if error.isLost || error.state?.isGoing == true {
                    open = nil
                    noteLoss(error.message)
                }
                if error.state == .foreignKeyViolation { try upload(filesOf: prepared) }
                noteRetry(error)
                throw Self.refusal(error, .unchanged)
            }
            do throws(PostgresError) {
                try connection.run("COMMIT", until: deadline)
            } catch {
                open = nil
                guard error.isLost || error.state?.isGoing == true else { throw Self.refusal(error, .unchanged) }
                open = try outcome(of: request, because: error, until: deadline)
            }
        }
    }

    private func noteRetry(_ error: PostgresError) {
        guard Self.refusal(error, .unchanged) == .conflict else { return }
        state.withLock { $0.retries += 1 }
    }

    private static let apply =
        "SELECT callpath.apply(" + (1...19).map { "$\($0)" }.joined(separator: ", ") + ")"

    /// Finds out what became of a commit whose answer never came.
    ///
    /// Whoever writes down the request first decides: a commit that is still under way is waited for, and one that did not
    /// come to its end never will.
    /// - Returns: A connection, if it happened.
    private func outcome(
        of request: [UInt8],
        because lost: PostgresError,
        until deadline: Deadline
    ) throws(StoreError) -> Connection {
        while !deadline.isOver {
            do throws(PostgresError) {
                let connection = try connect(until: deadline)
                try connection.run(
                    "INSERT INTO callpath.request(id) VALUES($1) ON CONFLICT DO NOTHING",
                    [.bytes(request)],
                    until: deadline
                )
                let happened = try connection.run(
                    "SELECT result IS NOT NULL FROM callpath.request WHERE id = $1",
                    [.bytes(request)],
                    until: deadline
                ).first { $0.bool(0) }
                guard happened == true else {
                    state.withLock { $0.retries += 1 }
                    throw Lost.change
                }
                return connection
            } catch {
                if error == Lost.change { throw .conflict }
                usleep(50_000)
            }
        }
        noteLoss(lost.message)
        throw .unreachable(reason: lost.message, outcome: .unknown)
    }

    private enum Lost {
        static let change = PostgresError(.refused(.conflict), "the change did not happen")
    }

    /// Brings back the files of changes, some of which nobody named for too long.
    private func upload(filesOf prepared: [PreparedChange]) throws(StoreError) {
        for change in prepared {
            for case .put(let name, let version, _, let parts, _) in change.change.steps {
                for case (let key, let part?) in parts where part.isFile {
                    guard let file = change.files[PartPlace(name: name, version: version, key: key)] else { continue }
                    try upload(part.source, as: file)
                }
            }
        }
    }

    package func tidy() {}

    package func sweep() {}

    package func close() {}

    package var hint: [String] { [] }

    package func keepHint(_ names: [String]) {}

    package func moment() throws(StoreError) -> StoredMoment {
        throw .unreachable(reason: "a backup of a shared registry is made of what is in memory", outcome: .unchanged)
    }
}
