/// `callpath health`: asks a running server how it is, for container health checks.
struct Health: Command {
    static let form = CommandForm(
        name: "health",
        summary: "Ask a running server how it is; ends with 0 if it is well.",
        details: "In a container it asks the callpath that is process 1, unless flags or variables name another.",
        words: [
            .init(
                kind: .option,
                name: "host",
                help: """
                    Host of the server. CALLPATH_OPERATIONS_HOST or CALLPATH_HOST if set; any address is this machine.
                    """
            ),
            .init(
                kind: .option,
                name: "port",
                help: "Port of the server. CALLPATH_PORT if set, else AIP_HTTP_PORT, else CALLPATH_UNIX_SOCKET's file."
            ),
            .init(
                kind: .option,
                name: "operations-port",
                help: "Port of --operations-port, to ask in place of the other. CALLPATH_OPERATIONS_PORT if set.",
                value: "port"
            ),
            .init(
                kind: .flag,
                name: "ready",
                help: "Ask whether it takes requests (/readyz), not only whether it is alive (/livez)."
            ),
            .init(
                kind: .option,
                name: "client-certificate",
                help: "PEM file of a certificate and its key, for a server that asks its clients for one.",
                value: "file"
            ),
            .init(kind: .option, name: "timeout", help: "Seconds to wait. (default 2)", value: "seconds"),
        ]
    )

    private let host: String?
    private let port: UInt16?
    private let operationsPort: UInt16?
    private let isReady: Bool
    private let clientCertificate: String?
    private let timeout: Int

    init(_ words: [String]) throws {
        let given = try GivenWords(words, of: Self.form)
        host = given["host"]
        port = try given.number("port", in: 0...65_535).map { UInt16(clamping: $0) }
        operationsPort = try given.number("operations-port", in: 0...65_535).map { UInt16(clamping: $0) }
        isReady = given.has("ready")
        clientCertificate = given["client-certificate"]
        timeout = try given.number("timeout", in: 1...60) ?? 2
    }

    func run() throws {
        if let clientCertificate { try check(clientCertificate) }
        let target = try HealthTarget(
            host: host,
            port: port,
            operationsPort: operationsPort,
            environment: Variables.all
        )
        let path = isReady ? "/readyz" : "/livez"
        var probe = HealthProbe(host: target.host, port: target.port, timeout: timeout, identity: clientCertificate)
        (probe.socketPath, probe.speaksTLS) = (target.socket, target.speaksTLS)
        let status = try status(of: path, by: probe)
        try Output.say("\(path) on \(probe.place) answers \(status)")
        guard status == 200 else { throw ExitStatus.failure }
    }

    private func status(of path: String, by probe: HealthProbe) throws -> Int {
        do {
            return try probe.status(of: path)
        } catch let failure as HealthProbe.Failure where !failure.namesPlace {
            throw StartFailure(probe.place, "\(failure)")
        }
    }

    private func check(_ file: String) throws {
        do {
            _ = try NamedFile.bytes(of: file, limit: 1)
        } catch {
            throw StartFailure("--client-certificate", "cannot read '\(file)': \(error)")
        }
    }
}
