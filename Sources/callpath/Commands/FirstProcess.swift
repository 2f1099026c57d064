import Glibc
import HTTPServer

/// Process 1 of a container, if that is a Callpath of the same user and not this one.
struct FirstProcess {
    /// Where it runs: what its options say of files is meant from there.
    private static let folder = "/proc/1/cwd"

    /// What it was started with.
    let configuration: Configuration
    /// The variables among that.
    let environment: [String: String]

    init?() {
        var status = stat()
        guard getpid() != 1, stat("/proc/1", &status) == 0, status.st_uid == getuid(),
            let words = Self.strings(of: "/proc/1/cmdline"), let variables = Self.strings(of: "/proc/1/environ"),
            words.first?.split(separator: "/").last == "callpath"
        else { return nil }
        let named = variables.compactMap { variable -> (String, String)? in
            let halves = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
        }
        environment = Dictionary(named) { first, _ in first }
        var options = Array(words.dropFirst())
        if options.first == "serve" { options.removeFirst() }
        let given = try? GivenOptions(words: options, environment: environment, folder: Self.folder)
        guard let configuration = try? given?.configuration() else { return nil }
        self.configuration = configuration
    }

    /// Whether it has a port for operations, which is the one to ask.
    var hasOperationsPort: Bool { configuration.operationsPort.port != nil }

    /// Returns a port of its, read where it was written down if the system chose it; `nil` if it has none.
    func port(ofOperations asksOperations: Bool) -> UInt16? {
        if asksOperations {
            return configuration.operationsPort.port.map {
                Self.port(UInt16(clamping: $0), writtenTo: configuration.operationsPortFile)
            }
        }
        guard configuration.wantsPort else { return nil }
        return Self.port(UInt16(clamping: configuration.server.port), writtenTo: configuration.portFile)
    }

    /// The path of the socket to ask where it listens at no port.
    var socket: String? {
        let hasPort = configuration.wantsPort || hasOperationsPort
        return hasPort || configuration.unixSocket.isEmpty ? nil : Self.path(configuration.unixSocket)
    }

    private static func port(_ port: UInt16, writtenTo file: String) -> UInt16 {
        guard port == 0, !file.isEmpty, let bytes = try? NamedFile.bytes(of: path(file), limit: 16) else { return port }
        return UInt16(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber }) ?? port
    }

    private static func path(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    /// Returns the strings of a file that ends each with NUL.
    private static func strings(of path: String) -> [String]? {
        guard let bytes = try? NamedFile.bytes(of: path) else { return nil }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
