import ArgumentParser
import Glibc
import Logs
import Store

/// `callpath restore`: makes a folder for --data from a backup.
struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the folder of --data from a backup on standard input.",
        discussion: "A backup is what GET /v1/backup answers: callpath restore --data DIR < backup.tar"
    )

    @Option(help: ArgumentHelp("The folder to make; it must be missing or empty.", valueName: "dir"))
    var data: String

    func run() throws {
        do throws(StoreError) {
            try Store.restore(path: data, read: Self.read)
        } catch {
            _ = StandardError.write(Array("Error: \(error.message)\n".utf8))
            throw ExitCode.failure
        }
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
