import ArgumentParser
import Glibc
import Web

/// `callpath key`: makes an access key.
struct Key: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an access key: the key itself, for its holder, and the line for the file of --keys."
    )

    @Option(help: "What logs and limits call the key's holder.")
    var name: String

    @Option(help: "What its holder may do: infer, or admin, which includes infer.")
    var scope: String = "infer"

    @Option(help: "The file of --keys, to append the line to; then the key alone is printed.")
    var file: String?

    func validate() throws {
        guard KeyFile.isName(name) else {
            throw ValidationError("--name: expected 1 to 64 letters, digits, '.', '_' or '-', got '\(name)'")
        }
        guard let known = Scope(rawValue: scope), known != .open else {
            throw ValidationError("--scope: expected infer or admin, got '\(scope)'")
        }
    }

    func run() throws {
        let key = KeyDigest.makeKey()
        let line = "\(name) \(scope) \(KeyDigest(of: key).hexadecimal)"
        guard let file else { return print("key:  \(key)\nline: \(line)") }
        try append(line, to: file)
        print(key)
    }

    /// Appends a line to a file that stays one that `--keys` takes.
    private func append(_ line: String, to file: String) throws {
        let held = try read(file)
        let separator = held.isEmpty || held.last == UInt8(ascii: "\n") ? "" : "\n"
        let added = Array("\(separator)\(line)\n".utf8)
        do {
            _ = try KeyFile.parse(held + added)
        } catch {
            throw StartFailure("--file", "\(file): \(error)")
        }
        do {
            try NamedFile.append(added, to: file)
        } catch {
            throw StartFailure("--file", "cannot write '\(file)': \(error)")
        }
    }

    /// Returns what the file holds; nothing if the first key makes it.
    private func read(_ file: String) throws -> [UInt8] {
        do {
            return try NamedFile.bytes(of: file, limit: KeyFile.maximumByteCount)
        } catch {
            guard error.number != ENOENT else { return [] }
            throw StartFailure("--file", "cannot read '\(file)': \(error)")
        }
    }
}
