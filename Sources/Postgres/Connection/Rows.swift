import CPostgres

/// What a statement has given: rows of columns, as PostgreSQL has them in memory.
struct Rows: ~Copyable {
    private let result: OpaquePointer

    init(owning result: OpaquePointer) {
        self.result = result
    }

    deinit { callpath_PQclear(result) }

    var count: Int { Int(callpath_PQntuples(result)) }

    /// Hands each row to `body`.
    func forEach<Failure: Error>(_ body: (Row) throws(Failure) -> Void) throws(Failure) {
        for index in 0..<count { try body(Row(result: result, index: Int32(index))) }
    }

    /// What `body` makes of the first row; `nil` if there is none.
    func first<Result>(_ body: (Row) -> Result) -> Result? {
        count > 0 ? body(Row(result: result, index: 0)) : nil
    }

    /// What `body` makes of each row.
    func map<Result>(_ body: (Row) -> Result) -> [Result] {
        (0..<count).map { body(Row(result: result, index: Int32($0))) }
    }
}

/// A row, for as long as its result is there.
struct Row {
    fileprivate let result: OpaquePointer
    fileprivate let index: Int32

    private func raw(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = callpath_PQgetvalue(result, index, column)
        return UnsafeRawBufferPointer(
            start: start,
            count: start == nil ? 0 : Int(callpath_PQgetlength(result, index, column))
        )
    }

    func isNull(_ column: Int32) -> Bool { callpath_PQgetisnull(result, index, column) != 0 }

    /// A number of whatever width the column has.
    func int(_ column: Int32) -> Int {
        let bytes = raw(column)
        guard let first = bytes.first, bytes.count <= 8 else { return 0 }
        return bytes.reduce(first > 0x7F ? -1 : 0) { $0 << 8 | Int($1) }
    }

    func bool(_ column: Int32) -> Bool { raw(column).first == 1 }

    func bytes(_ column: Int32) -> [UInt8] { Array(raw(column)) }

    func text(_ column: Int32) -> String { String(decoding: raw(column), as: UTF8.self) }
}
