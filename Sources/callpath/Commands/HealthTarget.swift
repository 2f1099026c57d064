import FoundationEssentials
import Glibc
import HTTPServer

/// Where `callpath health` asks: what flags say, else variables, else what process 1 of a container was started with.
struct HealthTarget {
    /// A variable that holds no port.
    struct BadVariable: Error, CustomStringConvertible {
        let name: String
        let value: String
        var description: String { "\(name): expected 0..65535, got '\(value)'" }
    }

    let host: String
    let port: UInt16

    /// `port` and `operationsPort` are those of flags.
    init(host: String?, port flag: UInt16?, operationsPort: UInt16? = nil, environment: [String: String]) throws {
        let port = operationsPort ?? flag
        let variable = try Self.port(in: environment)
        let asksOperations =
            operationsPort != nil || (port == nil && environment["CALLPATH_OPERATIONS_PORT"] != nil)
        let named = host ?? Self.hosts(in: environment, ofOperations: asksOperations)
        let isTold = named != nil && (port ?? variable) != nil
        let served = isTold ? nil : Self.firstProcess()
        let standard = served ?? Configuration()
        let hosts = named ?? Self.hosts(in: standard)
        self.host = Self.reachable(hosts)
        self.port = port ?? variable ?? UInt16(clamping: standard.operationsPort.port ?? standard.server.port)
    }

    private static func port(in environment: [String: String]) throws -> UInt16? {
        let names = ["CALLPATH_OPERATIONS_PORT", "CALLPATH_PORT", "AIP_HTTP_PORT"]
        guard let name = names.first(where: { environment[$0] != nil }), let value = environment[name] else {
            return nil
        }
        guard let port = UInt16(value) else { throw BadVariable(name: name, value: value) }
        return port
    }

    /// Returns the hosts that variables name: those of the operations port where that is the one to ask.
    private static func hosts(in environment: [String: String], ofOperations asksOperations: Bool) -> String? {
        (asksOperations ? environment["CALLPATH_OPERATIONS_HOST"] : nil) ?? environment["CALLPATH_HOST"]
    }

    private static func hosts(in configuration: Configuration) -> String {
        let isElsewhere = configuration.operationsPort.port != nil && !configuration.operationsHosts.hosts.isEmpty
        return (isElsewhere ? configuration.operationsHosts : configuration.hosts).optionText
    }

    /// Returns an address to connect to in place of one that only listeners use.
    private static func reachable(_ hosts: String) -> String {
        let host = HostList(optionText: hosts)?.hosts.first ?? hosts
        return switch host {
        case "0.0.0.0", "": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    /// Returns the configuration of process 1, if that is a Callpath of the same user and not this one.
    private static func firstProcess() -> Configuration? {
        var status = stat()
        guard getpid() != 1, stat("/proc/1", &status) == 0, status.st_uid == getuid(),
            let words = strings(of: "/proc/1/cmdline"), let variables = strings(of: "/proc/1/environ"),
            words.first?.split(separator: "/").last == "callpath"
        else { return nil }
        let environment = variables.compactMap { variable -> (String, String)? in
            let halves = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return halves.count == 2 ? (String(halves[0]), String(halves[1])) : nil
        }
        var options = Array(words.dropFirst())
        if options.first == "serve" { options.removeFirst() }
        let given = try? GivenOptions(words: options, environment: Dictionary(environment) { first, _ in first })
        return try? given?.configuration()
    }

    /// Returns the strings of a file that ends each with NUL.
    private static func strings(of path: String) -> [String]? {
        guard let bytes = try? NamedFile.bytes(of: path) else { return nil }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
