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
}
