import Glibc
import Web

/// `callpath key`: makes an access key.
struct Key: Command {
    static let form = CommandForm(
        name: "key",
        summary: "Make an access key: the key itself, for its holder, and the line for the file of --keys.",
        words: [
            .init(kind: .option, name: "name", help: "What logs and limits call the key's holder.", isRequired: true),
            .init(
                kind: .option,
                name: "scope",
                help: "What its holder may do: infer, or admin, which includes infer. (default infer)"
            ),
            .init(
                kind: .option,
                name: "file",
                help: "The file of --keys, to append the line to; then the key alone is printed."
            ),
        ]
    )

    private let name: String
    private let scope: String
    private let file: String?

    init(_ words: [String]) throws {
        let given = try GivenWords(words, of: Self.form)
        name = given.required("name")
        scope = given["scope"] ?? "infer"
        file = given["file"]
        guard KeyFile.isName(name) else {
            throw UsageError("--name: expected 1 to 64 letters, digits, '.', '_' or '-', got '\(name)'")
        }
        guard let known = Scope(rawValue: scope), known != .open else {
            throw UsageError("--scope: expected infer or admin, got '\(scope)'")
        }
    }

    func run() throws {
        let key = KeyDigest.makeKey()
        let line = "\(name) \(scope) \(KeyDigest(of: key).hexadecimal)"
        guard let file else { return try Output.say("key:  \(key)\nline: \(line)") }
        try append(line, to: file)
        try Output.say(key)
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
