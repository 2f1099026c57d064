import ArgumentParser
import Web

/// `callpath version`.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version of Callpath.")

    @Flag(help: "Print what it was made of too, and what it found here: for reports of faults and lists of parts.")
    var verbose = false

    func run() {
        print("callpath \(ServerVersion.current)")
        guard verbose else { return }
        for part in Part.all { print(part) }
    }
}
