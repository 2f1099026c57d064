import CPostgres
import Glibc
import Synchronization

/// One connection to PostgreSQL; whoever holds it is alone with it.
///
/// Nothing on it waits longer than it is told to: what is not done at the deadline leaves the connection closed, and with
/// it the statement of which nobody knows what became.
/// Unchecked, because it is a mutable object without a lock: it always lies in a `Mutex`, or was taken out of one by whoever uses it.
final class Connection: @unchecked Sendable {
    private let handle: OpaquePointer
    /// Whether it can be used no longer.
    private(set) var isClosed = false

    /// Connects to a host of those that `address` names, by its number.
    ///
    /// How long it may take is said in the address.
    init(to address: DatabaseAddress, host: Int = 0) throws(PostgresError) {
        try Self.openLibrary()
        guard let handle = address.connect(toHost: host) else {
            throw PostgresError(.disconnected, "there is no memory")
        }
        self.handle = handle
        callpath_silence(handle)
        guard Int(callpath_PQstatus(handle)) == CALLPATH_CONNECTION_OK else { throw disconnected() }
        callpath_PQsetnonblocking(handle, 1)
    }

    deinit { callpath_PQfinish(handle) }

    private static let library = Mutex(())

    /// Opens the library, once.
    static func openLibrary() throws(PostgresError) {
        let reason = library.withLock { _ in callpath_open_libpq().map { String(cString: $0) } }
        guard let reason else { return }
        throw PostgresError(.noLibrary, reason)
    }

    // MARK: Statements

    /// Runs one statement with `values` in place of `$1`, `$2` and so on, and returns its rows.
    @discardableResult
    func run(
        _ text: String,
        _ values: [PostgresValue] = [],
        until deadline: Deadline
    ) throws(PostgresError) -> Rows {
        try send(text, values)
        try flush(until: deadline)
        let result = try result(until: deadline)
        try drain(until: deadline)
        return Rows(owning: result)
    }

    /// Runs several statements without values in one turn, and returns the rows of the last one, as text.
    @discardableResult
    func runScript(_ text: UnsafePointer<CChar>, until deadline: Deadline) throws(PostgresError) -> Rows {
        guard !isClosed, callpath_PQsendQuery(handle, text) == 1 else { throw disconnected() }
        try flush(until: deadline)
        var last = try result(until: deadline)
        while let more = try next(until: deadline) {
            callpath_PQclear(last)
            last = more
            let status = Int(callpath_PQresultStatus(more))
            guard status != CALLPATH_COMMAND_OK, status != CALLPATH_TUPLES_OK else { continue }
            let words = callpath_PQresultErrorField(more, Int32(CALLPATH_DIAG_MESSAGE)).map { String(cString: $0) }
            let code = callpath_PQresultErrorField(more, Int32(CALLPATH_DIAG_SQLSTATE)).map { String(cString: $0) }
            callpath_PQclear(more)
            try drain(until: deadline)
            throw PostgresError(code.map { .refused(SQLState($0)) } ?? .disconnected, words ?? "")
        }
        return Rows(owning: last)
    }

    private func send(_ text: String, _ values: [PostgresValue]) throws(PostgresError) {
        guard !isClosed else { throw PostgresError(.disconnected, "the connection is closed") }
        let encoded = values.map(\.encoded)
        let types = values.map(\.type)
        let lengths = encoded.map { Int32(clamping: $0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: values.count)
        // An empty array has no address, and null is what no address means.
        let kept = encoded.map { bytes in bytes.map { $0 + [0] } }
        let wasSent = Self.withPointers(kept[...], []) { pointers in
            callpath_PQsendQueryParams(
                handle,
                text,
                Int32(clamping: values.count),
                types,
                pointers,
                lengths,
                formats,
                1
            )
        }
        guard wasSent == 1 else { throw disconnected() }
    }

    private static func withPointers(
        _ rest: ArraySlice<[UInt8]?>,
        _ pointers: [UnsafePointer<CChar>?],
        _ body: ([UnsafePointer<CChar>?]) -> Int32
    ) -> Int32 {
        guard let first = rest.first else { return body(pointers) }
        guard let first else { return withPointers(rest.dropFirst(), pointers + [nil], body) }
        return first.withUnsafeBytes { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            return withPointers(rest.dropFirst(), pointers + [pointer], body)
        }
    }

    /// Sends what has not been sent, reading what comes meanwhile.
    private func flush(until deadline: Deadline) throws(PostgresError) {
        while true {
            switch callpath_PQflush(handle) {
            case 0: return
            case 1: try pause(for: POLLIN | POLLOUT, until: deadline)
            default: throw disconnected()
            }
        }
    }

    private func pause(for events: Int32, until deadline: Deadline) throws(PostgresError) {
        let descriptor = callpath_PQsocket(handle)
        guard descriptor >= 0 else { throw disconnected() }
        guard wait(for: descriptor, events, until: deadline).socket else { throw expired() }
        guard callpath_PQconsumeInput(handle) == 1 else { throw disconnected() }
    }

    /// Returns the next result, if it is no error.
    private func result(until deadline: Deadline) throws(PostgresError) -> OpaquePointer {
        guard let result = try next(until: deadline) else { throw disconnected() }
        switch Int(callpath_PQresultStatus(result)) {
        case CALLPATH_COMMAND_OK, CALLPATH_TUPLES_OK, CALLPATH_COPY_IN, CALLPATH_COPY_OUT: return result
        default: break
        }
        defer { callpath_PQclear(result) }
        guard let code = callpath_PQresultErrorField(result, Int32(CALLPATH_DIAG_SQLSTATE)) else {
            throw disconnected()
        }
        let words = callpath_PQresultErrorField(result, Int32(CALLPATH_DIAG_MESSAGE)).map { String(cString: $0) }
        let state = SQLState(String(cString: code))
        while let more = try next(until: deadline) { callpath_PQclear(more) }
        throw PostgresError(.refused(state), words ?? state.code)
    }

    private func next(until deadline: Deadline) throws(PostgresError) -> OpaquePointer? {
        while callpath_PQisBusy(handle) == 1 { try pause(for: POLLIN, until: deadline) }
        let result = callpath_PQgetResult(handle)
        if result == nil, Int(callpath_PQstatus(handle)) != CALLPATH_CONNECTION_OK { throw disconnected() }
        return result
    }

    /// Takes what still comes after a result, so that the next statement can be sent.
    private func drain(until deadline: Deadline) throws(PostgresError) {
        while let more = try next(until: deadline) { callpath_PQclear(more) }
    }

    // MARK: COPY

    /// Runs a COPY from here, with what `body` hands to the function that it is given; each piece may take `patience`.
    func copyIn(
        _ text: String,
        patience: Duration,
        _ body: ((UnsafeRawBufferPointer) throws(PostgresError) -> Void) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        var deadline = Deadline(after: patience)
        try send(text, [])
        try flush(until: deadline)
        callpath_PQclear(try result(until: deadline))
        try body { (bytes) throws(PostgresError) in try put(bytes, until: Deadline(after: patience)) }
        deadline = Deadline(after: patience)
        while true {
            switch callpath_PQputCopyEnd(handle, nil) {
            case 1: break
            case 0:
                try pause(for: POLLIN | POLLOUT, until: deadline)
                continue
            default: throw disconnected()
            }
            break
        }
        try flush(until: deadline)
        callpath_PQclear(try result(until: deadline))
        try drain(until: deadline)
    }

    private func put(_ bytes: UnsafeRawBufferPointer, until deadline: Deadline) throws(PostgresError) {
        guard !bytes.isEmpty else { return }
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        while true {
            switch callpath_PQputCopyData(handle, start, Int32(clamping: bytes.count)) {
            case 1: return try flush(until: deadline)
            case 0: try pause(for: POLLIN | POLLOUT, until: deadline)
            default: throw disconnected()
            }
        }
    }

    /// Runs a COPY to here, and hands each piece that comes to `body`; each may take `patience`.
    func copyOut(
        _ text: String,
        patience: Duration,
        _ body: (UnsafeRawBufferPointer) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        var deadline = Deadline(after: patience)
        try send(text, [])
        try flush(until: deadline)
        callpath_PQclear(try result(until: deadline))
        while true {
            var piece: UnsafeMutablePointer<CChar>?
            let count = callpath_PQgetCopyData(handle, &piece, 1)
            if count > 0 {
                defer { callpath_PQfreemem(piece) }
                try body(UnsafeRawBufferPointer(start: piece, count: Int(count)))
                deadline = Deadline(after: patience)
                continue
            }
            switch count {
            case 0: try pause(for: POLLIN, until: deadline)
            case -1:
                callpath_PQclear(try result(until: deadline))
                return try drain(until: deadline)
            default: throw disconnected()
            }
        }
    }

    // MARK: Notices

    /// Waits for a notification, or until `waker` can be read.
    ///
    /// - Returns: Whether a notification came.
    func awaitNotice(or waker: Int32, until deadline: Deadline) throws(PostgresError) -> Bool {
        if takeNotices() { return true }
        let descriptor = callpath_PQsocket(handle)
        guard descriptor >= 0 else { throw disconnected() }
        guard wait(for: descriptor, POLLIN, or: waker, until: deadline).socket else { return false }
        guard callpath_PQconsumeInput(handle) == 1 else { throw disconnected() }
        return takeNotices()
    }

    /// Whether one came that is not this connection's own.
    private func takeNotices() -> Bool {
        var isAny = false
        while let notice = callpath_PQnotifies(handle) {
            if notice.pointee.be_pid != callpath_PQbackendPID(handle) { isAny = true }
            callpath_PQfreemem(notice)
        }
        return isAny
    }

    // MARK: Ends

    private func disconnected() -> PostgresError {
        isClosed = true
        let words = callpath_PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        return PostgresError(.disconnected, words.isEmpty ? "the connection was closed" : words)
    }

    private func expired() -> PostgresError {
        isClosed = true
        return PostgresError(.timedOut, "the database did not answer in time")
    }
}
