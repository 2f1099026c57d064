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

    /// A port that the system chose and nobody knows.
    struct UnknownPort: Error, CustomStringConvertible {
        var description: String {
            "expected the port that the server listens on, got 0, which stands for one that the system chooses: "
                + "give it with --port, or start the server with --port-file or --operations-port-file"
        }
    }

    let host: String
    let port: UInt16
    /// The path of the Unix socket to ask in place of a port.
    let socket: String?
    /// Whether the port speaks TLS as far as that is known; it is found out otherwise.
    let speaksTLS: Bool

    /// `port` and `operationsPort` are those of flags.
    init(host: String?, port flag: UInt16?, operationsPort: UInt16? = nil, environment: [String: String]) throws {
        let served = FirstProcess()
        // A variable that process 1 has too, as those of an image, says less than what that made of it: its flags win.
        let told = environment.filter { served?.environment[$0.key] != $0.value }
        let variable = try Self.port(in: told)
        let port = operationsPort ?? flag ?? variable
        let isOperations =
            told["CALLPATH_OPERATIONS_PORT"] != nil || port == nil && served?.hasOperationsPort == true
        let asksOperations = operationsPort != nil || flag == nil && isOperations
        let named = host ?? Self.hosts(in: told, ofOperations: asksOperations)
        let own = served?.port(ofOperations: asksOperations)
        let configuration = served?.configuration ?? Configuration()
        self.host = Self.reachable(named ?? Self.hosts(in: configuration, ofOperations: asksOperations))
        self.port = port ?? own ?? UInt16(clamping: configuration.server.port)
        socket = named == nil && port == nil ? told["CALLPATH_UNIX_SOCKET"] ?? served?.socket : nil
        guard socket != nil || self.port != 0 else { throw UnknownPort() }
        let isElsewhere = named != nil && port != nil
        let isMainPort = socket == nil && !asksOperations && self.port == own
        speaksTLS = isMainPort && !isElsewhere && configuration.tls.configuration != nil
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

    private static func hosts(in configuration: Configuration, ofOperations asksOperations: Bool) -> String {
        let isApart = asksOperations && !configuration.operationsHosts.hosts.isEmpty
        return (isApart ? configuration.operationsHosts : configuration.hosts).optionText
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
}
