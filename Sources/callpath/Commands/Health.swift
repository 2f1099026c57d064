import ArgumentParser
import FoundationEssentials
import HTTPServer

/// `callpath health`: asks a running server how it is, for container health checks.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running server how it is; ends with 0 if it is well."
    )

    @Option(help: "Host of the server. CALLPATH_HOST if set; an address that means any is taken as this machine.")
    var host: String?

    @Option(help: "Port of the server. CALLPATH_PORT if set, else AIP_HTTP_PORT, which Vertex AI sets.")
    var port: UInt16?

    @Option(help: "Port of --operations-port, to ask in place of the other. CALLPATH_OPERATIONS_PORT if set.")
    var operationsPort: UInt16?

    @Flag(help: "Ask whether it takes requests (/readyz), not only whether it is alive (/livez).")
    var ready = false

    @Option(help: "PEM file of a certificate and its key, for a server that asks its clients for one.")
    var clientCertificate: String?

    @Option(help: "Seconds to wait.")
    var timeout = 2

    func validate() throws {
        guard (1...60).contains(timeout) else { throw ValidationError("--timeout: expected 1..60, got '\(timeout)'") }
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let standard = Configuration().server
        let names = ["CALLPATH_OPERATIONS_PORT", "CALLPATH_PORT", "AIP_HTTP_PORT"]
        let variable = names.lazy.compactMap { environment[$0] }.first
        let port = operationsPort ?? port ?? variable.flatMap(UInt16.init) ?? UInt16(clamping: standard.port)
        let host = Self.reachable(host ?? environment["CALLPATH_HOST"] ?? standard.hosts[0])
        let path = ready ? "/readyz" : "/livez"
        let probe = HealthProbe(host: host, port: port, timeout: timeout, identity: clientCertificate)
        let status = try probe.status(of: path)
        print("\(path) on \(host):\(port) answers \(status)")
        guard status == 200 else { throw ExitCode.failure }
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
