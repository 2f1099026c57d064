import Glibc
import Logs
import Models
import Postgres
import Store

/// `callpath restore`: makes a folder for --data from a backup, or fills a database with it.
struct Restore: Command {
    static let form = CommandForm(
        name: "restore",
        summary: "Make the folder of --data from a backup on standard input, or fill the database of --store with it.",
        details: """
            A backup is what GET /v1/backup answers, of a server with --data, with --store or without:
            callpath restore --data DIR < backup.tar
            callpath restore --store postgresql://USER@HOST/DATABASE < backup.tar
            """,
        words: [
            .init(
                kind: .option,
                name: "data",
                help: "The folder to make; it must be missing or empty.",
                value: "dir"
            ),
            .init(
                kind: .option,
                name: "store",
                help: "The database to fill; no registry may have been in it.",
                value: "url"
            ),
        ]
    )

    private let data: String?
    private let store: String?

    init(_ words: [String]) throws {
        let given = try GivenWords(words, of: Self.form)
        (data, store) = (given["data"], given["store"])
        guard (data == nil) != (store == nil) else {
            throw UsageError("expected either --data DIR or --store URL")
        }
    }

    func run() throws {
        let address = try store.map { try Self.address($0) }
        do throws(StoreError) {
            if let address {
                try Self.fill(address)
            } else {
                try Store.restore(path: data ?? "", read: Self.read)
            }
        } catch { throw Self.failure(error.message) }
    }

    private static func address(_ url: String) throws -> DatabaseAddress {
        do throws(PostgresError) {
            return try DatabaseAddress(url)
        } catch { throw failure("--store: \(error.message)") }
    }

    private static func fill(_ address: DatabaseAddress) throws(StoreError) {
        var options = PostgresStore.Options()
        // A statement of it may write more than a change usually does.
        options.timeout = .seconds(60)
        let store = try PostgresStore(address, options)
        if let hindrance = try store.probe() { throw .unreachable(reason: hindrance, outcome: .unchanged) }
        try store.restore(read: read) { header in
            guard let record = try? ModuleRecord(parsing: header) else { return nil }
            return (record.references.keys.sorted(), record.isListed)
        }
    }

    private static func failure(_ message: String) -> ExitStatus {
        _ = StandardError.write(Array("Error: \(message)\n".utf8))
        return .failure
    }

    /// Returns so many bytes of standard input, fewer only at its end.
    private static func read(_ count: Int) throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var piece = [UInt8](repeating: 0, count: min(1 << 20, count - bytes.count))
            let got = Glibc.read(STDIN_FILENO, &piece, piece.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .badBackup(reason: String(cString: strerror(errno))) }
            if got == 0 { break }
            bytes += piece.prefix(got)
        }
        return bytes
    }
}
