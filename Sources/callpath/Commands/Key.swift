import ArgumentParser
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

    func validate() throws {
        guard KeyFile.isName(name) else {
            throw ValidationError("--name: expected 1 to 64 letters, digits, '.', '_' or '-', got '\(name)'")
        }
        guard let known = Scope(rawValue: scope), known != .open else {
            throw ValidationError("--scope: expected infer or admin, got '\(scope)'")
        }
    }

    func run() {
        let key = KeyDigest.makeKey()
        print("key:  \(key)")
        print("line: \(name) \(scope) \(KeyDigest(of: key).hexadecimal)")
    }
}
