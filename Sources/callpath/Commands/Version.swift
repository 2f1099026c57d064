import ArgumentParser
import Web

/// `callpath version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version of Callpath.")

    func run() {
        print("callpath \(ServerVersion.current)")
    }
}
