import CSQLite
import Testing

/// A hand on the index that is not the store's.
enum TestDatabase {
    static func run(_ text: String, at path: String) throws {
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        try #require(sqlite3_open(path, &connection) == SQLITE_OK)
        try #require(sqlite3_exec(connection, text, nil, nil, nil) == SQLITE_OK)
    }

    /// Returns the first number that a query finds.
    static func number(_ query: String, at path: String) throws -> Int {
        var connection: OpaquePointer?
        var statement: OpaquePointer?
        defer {
            sqlite3_finalize(statement)
            sqlite3_close(connection)
        }
        try #require(sqlite3_open(path, &connection) == SQLITE_OK)
        try #require(sqlite3_prepare_v2(connection, query, -1, &statement, nil) == SQLITE_OK)
        try #require(sqlite3_step(statement) == SQLITE_ROW)
        return Int(sqlite3_column_int64(statement, 0))
    }
}
