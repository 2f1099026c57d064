import ArgumentParser
import FoundationEssentials
import Glibc

/// Which server a command asks, and as whom.
struct ServerClient: ParsableArguments {
    @Option(help: "The server: http://, https:// or unix:///PATH. CALLPATH_URL if set, else http://localhost:8080.")
    var url: String?

    @Option(help: "An access key. CALLPATH_KEY if set, which other users cannot see.")
    var key: String?

    @Option(help: "PEM file of the authorities that the server's certificate must come from, in place of the system's.")
    var authorities: String?

    @Option(help: "PEM file of a certificate and its key, for a server that asks its clients for one.")
    var clientCertificate: String?

    @Option(help: "Seconds to wait for each part of the answer.")
    var timeout = 60

    func validate() throws {
        guard (1...3_600).contains(timeout) else {
            throw ValidationError("--timeout: expected 1..3600, got '\(timeout)'")
        }
        if let key = key ?? ProcessInfo.processInfo.environment["CALLPATH_KEY"],
            key.isEmpty || !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        {
            throw ValidationError("\(self.key == nil ? "CALLPATH_KEY" : "--key"): expected a key without blanks")
        }
        _ = try server()
    }

    private func server() throws -> ServerURL {
        let variable = ProcessInfo.processInfo.environment["CALLPATH_URL"]
        let text = url ?? variable ?? "http://localhost:8080"
        guard let server = ServerURL(text) else {
            let source = url == nil ? "CALLPATH_URL" : "--url"
            throw ValidationError("\(source): expected http://, https:// or unix://, got '\(text)'")
        }
        return server
    }

    /// Sends a request and returns the body of its answer; what the server refuses is an error in its words.
    func send(_ method: String, _ path: String, fields: [String: String] = [:], body: [UInt8] = []) throws -> [UInt8] {
        let server = try server()
        var head = "\(method) \(server.prefix)\(path) HTTP/1.1\r\nHost: \(server.authority)\r\nConnection: close\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let key = key ?? ProcessInfo.processInfo.environment["CALLPATH_KEY"] {
            head += "Authorization: Bearer \(key)\r\n"
        }
        let answer = try exchange(Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body, with: server)
        guard (200..<300).contains(answer.status) else { throw ClientFailure.refused(answer.problem) }
        return answer.body
    }

    private func exchange(_ request: [UInt8], with server: ServerURL) throws -> ClientAnswer {
        let channel = try ServerChannel(
            server,
            timeout: timeout,
            authorities: authorities,
            certificate: clientCertificate
        )
        try channel.write(request)
        guard let answer = ClientAnswer(try channel.readToEnd()) else { throw ClientFailure.cutShort }
        return answer
    }
}

/// Why a command has no answer to show.
enum ClientFailure: Error, CustomStringConvertible {
    case unreachable(url: String, reason: String)
    case badTLS(String)
    case cutShort
    case refused(String)

    var description: String {
        switch self {
        case .unreachable(let url, let reason): "no server at \(url): \(reason) (--url or CALLPATH_URL names another)"
        case .badTLS(let reason): "TLS: \(reason)"
        case .cutShort: "the connection ended before the answer was whole"
        case .refused(let detail): detail
        }
    }
}
