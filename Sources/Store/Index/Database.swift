import CSQLite
import Glibc

/// A failure that SQLite reports.
struct DatabaseError: Error, CustomStringConvertible {
    /// SQLite's extended code.
    let code: Int32
    /// The system's number of the reason, if there was one.
    let systemNumber: Int32
    let message: String

    /// What happened, with the system's words for it where there are any.
    var description: String {
        systemNumber == 0 ? message : "\(message): \(String(cString: strerror(systemNumber)))"
    }
    /// The code without its details.
    var primary: Int32 { code & 0xFF }
    /// Whether the disk had no room in a write; not in an fsync, after which nobody knows what it has.
    var isFull: Bool {
        if primary == SQLITE_FULL { return true }
        return code == Self.writing && (systemNumber == ENOSPC || systemNumber == EDQUOT)
    }
    /// SQLITE_IOERR_WRITE, which Swift cannot see.
    private static let writing = SQLITE_IOERR | 3 << 8
    /// Whether the process is short of something, and the disk is well.
    var isShortage: Bool { primary == SQLITE_NOMEM || systemNumber == EMFILE || systemNumber == ENFILE }
    /// Whether pages do not hold what they should.
    var isCorruption: Bool { primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB }
}

/// The one connection to the index.
///
/// Whoever holds it is alone with it.
final class Database {
    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    /// What SQLite tells at each commit.
    private let waitingPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    /// Opens or creates the file at `path`.
    init(path: String, system: String?) throws(DatabaseError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, system)
        guard code == SQLITE_OK, let opened else {
            defer { sqlite3_close(opened) }
            throw DatabaseError(
                code: code,
                systemNumber: opened.map(sqlite3_system_errno) ?? 0,
                message: String(cString: sqlite3_errstr(code))
            )
        }
        connection = opened
        sqlite3_extended_result_codes(connection, 1)
        waitingPages.initialize(to: 0)
    }

    /// Counts the pages of the log from now on; SQLite forgets that when `wal_autocheckpoint` is set.
    func countLogPages() {
        let count: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
            context,
            _,
            _,
            pages in
            context?.assumingMemoryBound(to: Int32.self).pointee = pages
            return SQLITE_OK
        }
        // It stands in the place of SQLite's own, which would checkpoint within a commit: an fsync that fails must be seen by
        // this program, and never be tried again. `PRAGMA wal_autocheckpoint=0` would take it away too.
        sqlite3_wal_hook(connection, count, waitingPages)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close(connection)
        waitingPages.deallocate()
    }

    /// The pages of the log that are not in the file yet, as of the last commit.
    var logPageCount: Int { Int(waitingPages.pointee) }

    /// Whether no transaction is open.
    var isIdle: Bool { sqlite3_get_autocommit(connection) != 0 }

    /// Runs statements that give no rows.
    func run(_ text: String) throws(DatabaseError) {
        guard sqlite3_exec(connection, text, nil, nil, nil) == SQLITE_OK else { throw error() }
    }

    /// Begins a transaction.
    func begin() throws(DatabaseError) { try run("BEGIN IMMEDIATE", []) }

    /// Ends the open transaction; only the log is written.
    func commit() throws(DatabaseError) {
        let statement = try prepared("COMMIT", [])
        defer { sqlite3_reset(statement) }
        guard sqlite3_step(statement) != SQLITE_DONE else { return }
        let error = error()
        let number = error.primary == SQLITE_IOERR ? csqlite_log_errno(connection) : error.systemNumber
        throw DatabaseError(code: error.code, systemNumber: number, message: error.message)
    }

    /// Runs one statement with `values` in place of its question marks.
    func run(_ text: String, _ values: DatabaseValue...) throws(DatabaseError) { try run(text, values) }

    private func run(_ text: String, _ values: [DatabaseValue]) throws(DatabaseError) {
        let statement = try prepared(text, values)
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: continue
            case SQLITE_DONE: return
            default: throw error()
            }
        }
    }

    /// Runs a query and hands each row to `body`.
    func rows<Failure: Error>(
        _ text: String,
        _ values: [DatabaseValue] = [],
        failure: (DatabaseError) -> Failure,
        _ body: (DatabaseRow) throws(Failure) -> Void
    ) throws(Failure) {
        let statement: OpaquePointer
        do { statement = try prepared(text, values) } catch { throw failure(error) }
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try body(DatabaseRow(statement: statement))
            case SQLITE_DONE: return
            default: throw failure(error())
            }
        }
    }

    /// Runs a query and hands each row to `body`.
    func rows(
        _ text: String,
        _ values: DatabaseValue...,
        body: (DatabaseRow) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        try rows(text, values, failure: { $0 }, body)
    }

    /// Returns the first number of the first row of a query; 0 if there is none.
    func number(_ text: String, _ values: DatabaseValue...) throws(DatabaseError) -> Int {
        var found = 0
        try rows(text, values, failure: { $0 }) { (row) throws(DatabaseError) in found = row.int(0) }
        return found
    }

    /// The rows that the last statement changed.
    var changeCount: Int { Int(sqlite3_changes(connection)) }

    /// Moves what the log holds into the file; returns without having done so if that cannot be now.
    func checkpoint() throws(DatabaseError) {
        var pages: Int32 = 0
        var moved: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved)
        guard code == SQLITE_OK || code == SQLITE_BUSY else { throw error() }
        waitingPages.pointee = 0
    }

    private func prepared(_ text: String, _ values: [DatabaseValue]) throws(DatabaseError) -> OpaquePointer {
        let known = statements[text]
        let statement = if let known { known } else { try prepare(text) }
        sqlite3_clear_bindings(statement)
        for (index, value) in values.enumerated() {
            guard value.bind(to: statement, at: Int32(index + 1)) == SQLITE_OK else { throw error() }
        }
        return statement
    }

    private func prepare(_ text: String) throws(DatabaseError) -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(connection, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw error() }
        statements[text] = statement
        return statement
    }

    private func error() -> DatabaseError {
        DatabaseError(
            code: sqlite3_extended_errcode(connection),
            systemNumber: sqlite3_system_errno(connection),
            message: String(cString: sqlite3_errmsg(connection))
        )
    }
}

/// A value of a column.
enum DatabaseValue {
    case int(Int)
    case text(String)
    case bytes([UInt8])
    case null

    fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .int(let value): return sqlite3_bind_int64(statement, index, Int64(value))
        case .text(var value):
            return value.withUTF8 { text in
                text.withMemoryRebound(to: CChar.self) {
                    csqlite_bind_text(statement, index, $0.baseAddress, Int32(clamping: $0.count))
                }
            }
        case .bytes(let value):
            return value.withUnsafeBytes {
                csqlite_bind_bytes(statement, index, $0.baseAddress, Int32(clamping: $0.count))
            }
        case .null: return sqlite3_bind_null(statement, index)
        }
    }
}

/// A row of a query, for as long as the query stands at it.
struct DatabaseRow {
    fileprivate let statement: OpaquePointer

    func int(_ column: Int32) -> Int { Int(sqlite3_column_int64(statement, column)) }

    func text(_ column: Int32) -> String { String(decoding: buffer(column), as: UTF8.self) }

    func bytes(_ column: Int32) -> [UInt8] { Array(buffer(column)) }

    /// The bytes where SQLite has them, for as long as the query stands here.
    private func buffer(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func digest(_ column: Int32) -> Digest? { Digest(buffer(column)) }
}
