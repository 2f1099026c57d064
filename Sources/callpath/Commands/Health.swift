import ArgumentParser
import FoundationEssentials

/// `callpath health`: asks a running server how it is, for container health checks.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running server how it is; ends with 0 if it is well.",
        discussion: "In a container it asks the callpath that is process 1, unless flags or variables name another."
    )

    @Option(help: "Host of the server. CALLPATH_OPERATIONS_HOST or CALLPATH_HOST if set; any address is this machine.")
    var host: String?

    @Option(help: "Port of the server. CALLPATH_PORT if set, else AIP_HTTP_PORT, else CALLPATH_UNIX_SOCKET's file.")
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
        if let clientCertificate { try check(clientCertificate) }
        let environment = ProcessInfo.processInfo.environment
        let target = try HealthTarget(
            host: host,
            port: port,
            operationsPort: operationsPort,
            environment: environment
        )
        let path = ready ? "/readyz" : "/livez"
        var probe = HealthProbe(host: target.host, port: target.port, timeout: timeout, identity: clientCertificate)
        (probe.socketPath, probe.speaksTLS) = (target.socket, target.speaksTLS)
        let status = try probe.status(of: path)
        print("\(path) on \(probe.place) answers \(status)")
        guard status == 200 else { throw ExitCode.failure }
    }

    private func check(_ file: String) throws {
        do {
            _ = try NamedFile.bytes(of: file, limit: 1)
        } catch {
            throw StartFailure("--client-certificate", "cannot read '\(file)': \(error)")
        }
    }
}
