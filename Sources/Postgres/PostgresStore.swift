import CLinux
import CPostgres
import Dispatch
import Glibc
import Metrics
package import Store
import Synchronization

/// A registry on PostgreSQL that many processes share.
///
/// One connection makes changes, one looks, one listens and announces, and a few carry large parts. Each is made when it is
/// needed and made anew when it broke; without any, what was applied stays as it is.
package final class PostgresStore: SharedStore {
    /// How the database is used.
    package struct Options: Sendable {
        /// The time between two looks without a notice.
        package var interval = Duration.seconds(1)
        /// The longest wait of a change, also for what became of it.
        package var timeout = Duration.seconds(10)
        /// The most connections for changes and their tensors; two more look and listen.
        package var connections = 4
        /// The folder for copies of large parts; in memory, while they are read, if empty.
        package var cachePath = ""
        /// The bytes beyond which that folder keeps no further copies; 0 for what its disk holds.
        package var maxCacheBytes = 0

        package init() {}
    }

    struct State {
        var instance = ""
        var revision = 0
        var floor = 0
        var durability = "local"
        /// What everybody sees.
        var moment: StoreMoment?
        /// Whether the next look has to find everything.
        var looksAtAll = false
        /// Whether what everybody sees is in the cache, but for what was changed since.
        var isKept = false
        /// Commits of this process that everybody sees, and that are not in the moment.
        var own: Set<Int> = []
        /// Changes of this process that looks under way need not have seen, in their order.
        var recent: [OwnChange] = []
        /// The number of the last look that was begun, and of the last one that everybody sees.
        var lastLookOrder = 0
        var shownLookOrder = 0
        /// Since when the database has been out of reach, in seconds since 1970.
        var lostAt: Int?
        var lostBecause = ""
        var lastLook: ContinuousClock.Instant?
        /// Whether there is something to announce, and from when on.
        var hasNews = false
        var nextNotice = ContinuousClock.now
        var byteCount: Int?
        var isStopped = false
        var nextSweep = ContinuousClock.now
        var fullLooks = 0
        var retries = 0
        var losses = 0
        /// The schema that is too new for this program.
        var newerSchema: Int?
    }

    /// A commit of this process.
    struct OwnChange {
        let revision: Int
        let names: Set<String>
        /// The number of the last look that was begun before it was over.
        let lookOrder: Int
    }

    let address: DatabaseAddress
    let options: Options
    let state = Mutex(State())
    /// The connection of the queue of changes, and the change that is under way on it.
    let changes = Mutex<Connection?>(nil)
    /// The connection of looks, which go on beside changes.
    let looks = Mutex<Connection?>(nil)
    let lookout = Mutex<Connection?>(nil)
    let idle = Mutex<[Connection]>([])
    /// The host of the last connection, by its number.
    private let lastHost = Mutex(0)
    /// What was seen and is not in the cache yet, and when something was written there last.
    let unkept = Mutex<(look: StoreLook?, writtenAt: ContinuousClock.Instant?)>((nil, nil))
    let places: DispatchSemaphore
    private let waker: Int32
    /// Made last, as it fetches through this object.
    private let cacheBox = Mutex<BlobCache?>(nil)

    /// Creates a store that connects when it is first asked.
    ///
    /// - Throws: `StoreError` if the folder for copies is not usable.
    package init(_ address: DatabaseAddress, _ options: Options = Options()) throws(StoreError) {
        self.address = address
        self.options = options
        places = DispatchSemaphore(value: max(1, options.connections - 1))
        waker = clinux_event()
        let (path, maxBytes) = (options.cachePath, options.maxCacheBytes)
        let place = "\(address)"
        let cache = try BlobCache(path: path, maxBytes: maxBytes, address: place) {
            [weak self] (blob, write) throws(StoreError) in
            guard let self else { throw .unreachable(reason: "the server is going down", outcome: .unchanged) }
            try self.download(blob, write)
        }
        cacheBox.withLock { $0 = cache }
    }

    deinit { Glibc.close(waker) }

    var cache: BlobCache {
        get throws(StoreError) {
            guard let cache = cacheBox.withLock({ $0 }) else { throw .shortage(DiskError("open", "", ENOMEM)) }
            return cache
        }
    }

    // MARK: Facts

    package var path: String { "\(address)" }
    package var instance: String { state.withLock(\.instance) }
    package var revision: Int { state.withLock(\.revision) }
    package var counters: StoreCounters { StoreCounters(floor: state.withLock(\.floor)) }

    package var failure: String? {
        state.withLock { state in
            if state.lostAt != nil { return "the registry's database is out of reach: \(state.lostBecause)" }
            return state.moment == nil ? "the registry's database was not reached yet" : nil
        }
    }

    package var contact: StoreContact {
        state.withLock { state in
            var contact = StoreContact()
            contact.isLoaded = state.moment != nil
            contact.lostAt = state.lostAt
            contact.age = state.lastLook.map { $0.duration(to: .now) }
            (contact.interval, contact.timeout) = (options.interval, options.timeout)
            contact.byteCount = state.byteCount
            contact.durability = state.durability
            (contact.fullLooks, contact.retries, contact.losses) = (state.fullLooks, state.retries, state.losses)
            return contact
        }
    }

    package func byteCount() throws(StoreError) -> Int {
        try ask { (connection, deadline) throws(PostgresError) in
            try connection.run(
                """
                SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
                WHERE c.relnamespace = 'callpath'::regnamespace AND c.relkind = 'r'
                """,
                until: deadline
            ).first { $0.int(0) } ?? 0
        }
    }

    package func nextHookID() throws(StoreError) -> Int {
        try ask { (connection, deadline) throws(PostgresError) in
            try connection.run("SELECT nextval('callpath.hook_id')", until: deadline).first { $0.int(0) } ?? 0
        }
    }

    // MARK: Connections

    /// Connects, and finds or makes the tables.
    func connect(until deadline: Deadline) throws(PostgresError) -> Connection {
        let connection = try connectToAHost()
        try connection.run(
            """
            SELECT set_config('idle_in_transaction_session_timeout', $1, false),
                set_config('lock_timeout', $1, false),
                CASE WHEN current_setting('synchronous_commit') = 'off'
                    THEN set_config('synchronous_commit', 'on', false) END
            """,
            [.text("\(options.timeout.wholeMilliseconds)")],
            until: deadline
        )
        try prepareSchema(connection, until: deadline)
        return connection
    }

    /// Connects to the first host that takes changes, beginning with the one that did so last.
    ///
    /// libpq would search as well, always from the first one, which may be a machine that is gone; and it would give up at one
    /// that accepts a connection and then closes it, as a proxy does before a database that is gone.
    private func connectToAHost() throws(PostgresError) -> Connection {
        let first = lastHost.withLock { $0 }
        var reasons: [String] = []
        for offset in 0..<address.hostCount {
            let number = (first + offset) % address.hostCount
            do throws(PostgresError) {
                let connection = try Connection(to: address, host: number)
                lastHost.withLock { $0 = number }
                return connection
            } catch {
                guard error.fault == .disconnected else { throw error }
                reasons.append(error.message)
            }
        }
        throw PostgresError(.disconnected, reasons.joined(separator: "; "))
    }

    /// The schema that this program writes.
    static let schema = 1

    private func prepareSchema(_ connection: Connection, until deadline: Deadline) throws(PostgresError) {
        // What came last tells whether all of it is there.
        let text = "SELECT schema, to_regproc('callpath.apply') IS NOT NULL FROM callpath.meta"
        var found: Int?
        do throws(PostgresError) {
            found = try connection.run(text, until: deadline).first { $0.bool(1) ? $0.int(0) : nil } ?? nil
        } catch {
            guard error.state == .undefinedTable || error.state == .undefinedSchema else { throw error }
        }
        if found == nil {
            // Others may begin at the same time: the script takes a lock, and does what is left to do.
            try connection.runScript(callpath_schema, until: deadline)
            found = try connection.run(text, until: deadline).first { $0.int(0) }
        }
        guard let found, found > Self.schema else { return }
        state.withLock { $0.newerSchema = found }
        throw PostgresError(.newerSchema(found), "the registry has schema \(found) of a newer callpath")
    }

    /// Tries to reach the database once.
    ///
    /// - Throws: Only what no waiting mends: a schema of a newer version. An unreachable database is no reason to end.
    /// - Returns: What is in the way, if something is.
    package func probe() throws(StoreError) -> String? {
        do throws(PostgresError) {
            let connection = try connect(until: Deadline(after: options.timeout))
            idle.withLock { $0.append(connection) }
            return nil
        } catch {
            if case .newerSchema(let found) = error.fault { throw .newerSchema(found: found, known: Self.schema) }
            noteLoss(error.message)
            return error.message
        }
    }

    /// Runs `body` on one of the connections that carry large parts and answer questions.
    func ask<Result>(
        _ body: (Connection, Deadline) throws(PostgresError) -> Result
    ) throws(StoreError) -> Result {
        let deadline = Deadline(after: options.timeout)
        places.wait()
        defer { places.signal() }
        do throws(PostgresError) {
            if let known = idle.withLock({ $0.popLast() }) {
                do throws(PostgresError) {
                    return try use(known, deadline, body)
                } catch {
                    // It may have broken while nobody used it, and so have the others.
                    guard error.isBroken else { throw error }
                    idle.withLock { $0 = [] }
                }
            }
            return try use(connect(until: deadline), deadline, body)
        } catch {
            if error.isLost { noteLoss(error.message) }
            throw Self.refusal(error, .unchanged)
        }
    }

    private func use<Result>(
        _ connection: Connection,
        _ deadline: Deadline,
        _ body: (Connection, Deadline) throws(PostgresError) -> Result
    ) throws(PostgresError) -> Result {
        // After an error what was left open in it goes with it.
        let result = try body(connection, deadline)
        idle.withLock { $0.append(connection) }
        return result
    }

    /// What a refusal of PostgreSQL is for a change.
    static func refusal(_ error: PostgresError, _ outcome: StoreOutcome) -> StoreError {
        guard let state = error.state else { return .unreachable(reason: error.message, outcome: outcome) }
        if state == .diskFull { return .full }
        if state == .conflict || state == .uniqueViolation || state == .foreignKeyViolation || state.isRetriable {
            return .conflict
        }
        return .unreachable(reason: error.message, outcome: outcome)
    }

    /// Notes that the database cannot be reached, and has it looked for at once: changes are refused until it was found.
    func noteLoss(_ reason: String) {
        let isNew = state.withLock { state in
            defer { (state.lostAt, state.lostBecause) = (state.lostAt ?? WallClock.seconds, reason) }
            return state.lostAt == nil
        }
        if isNew { wake() }
    }

    // MARK: Waiting

    package func announce() {
        state.withLock { $0.hasNews = true }
        wake()
    }

    package func stop() {
        state.withLock { $0.isStopped = true }
        wake()
        keepAll()
    }

    private func wake() {
        var one: UInt64 = 1
        Glibc.write(waker, &one, 8)
    }

    /// The time after which a database that is out of reach is tried again.
    private static let retryTime = Duration.milliseconds(50)

    package func awaitNotice() -> StoreNotice {
        guard !state.withLock(\.isStopped) else { return .end }
        return lookout.withLock { lookout in
            do throws(PostgresError) {
                guard let connection = lookout, !connection.isClosed else {
                    let connection = try connect(until: Deadline(after: min(options.timeout, .seconds(3))))
                    try connection.run("LISTEN callpath", until: Deadline(after: options.timeout))
                    lookout = connection
                    // What was changed before it listened is not told.
                    return .look
                }
                // A look that failed is tried again soon.
                let wasLost = isLost
                let deadline = Deadline(after: wasLost ? min(Self.retryTime, options.interval) : options.interval)
                while true {
                    let next = try tellOthers(on: connection)
                    let isNotice = try connection.awaitNotice(or: waker, until: min(deadline, next ?? deadline))
                    if isNotice || deadline.isOver { return .look }
                    drainWaker()
                    guard !state.withLock(\.isStopped) else { return .end }
                    // Another connection broke: whether there can be new ones is known soonest by a look.
                    if isLost, !wasLost { return .look }
                }
            } catch {
                lookout = nil
                noteLoss(error.message)
                // Nothing can be announced without a connection; what is found after it came back is.
                _ = wait(for: waker, POLLIN, until: Deadline(after: Self.retryTime))
                drainWaker()
                return state.withLock(\.isStopped) ? .end : .nothing
            }
        }
    }

    private var isLost: Bool { state.withLock { $0.lostAt != nil } }

    package func tellOthers() {
        lookout.withLock { lookout in
            guard let connection = lookout, !connection.isClosed else { return }
            // A connection that broke is found so when it is waited on.
            _ = try? tellOthers(on: connection)
        }
    }

    /// The least time from notice to notice: whoever is told more often does not look more often.
    private static let noticeTime = Duration.milliseconds(5)

    /// Tells the other processes to look: one notice for all commits before it, never inside one, where it takes a lock of all
    /// databases, and without waiting for the disk, as what it tells of is durable.
    ///
    /// - Returns: When there is something to tell, if it is not time yet.
    private func tellOthers(on connection: Connection) throws(PostgresError) -> Deadline? {
        let (isTime, next) = state.withLock { state -> (Bool, ContinuousClock.Instant?) in
            guard state.hasNews else { return (false, nil) }
            guard state.nextNotice <= .now else { return (false, state.nextNotice) }
            state.hasNews = false
            state.nextNotice = .now + Self.noticeTime
            return (true, nil)
        }
        if isTime {
            let text = "BEGIN; SET LOCAL synchronous_commit = off; NOTIFY callpath; COMMIT"
            try connection.runScript(text, until: Deadline(after: options.timeout))
        }
        return next.map { Deadline(at: $0) }
    }

    private func drainWaker() {
        var count: UInt64 = 0
        Glibc.read(waker, &count, 8)
    }
}
