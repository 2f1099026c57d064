import Glibc

/// Which server a command asks, and as whom.
struct ServerClient {
    /// The options that say so.
    static let words: [CommandForm.Word] = [
        .init(
            kind: .option,
            name: "url",
            help: "The server: http://, https:// or unix:///PATH. CALLPATH_URL if set, else http://localhost:8080."
        ),
        .init(kind: .option, name: "key", help: "An access key. CALLPATH_KEY if set, which other users cannot see."),
        .init(
            kind: .option,
            name: "authorities",
            help: "PEM file of the authorities that the server's certificate must come from, in place of the system's.",
            value: "file"
        ),
        .init(
            kind: .option,
            name: "client-certificate",
            help: "PEM file of a certificate and its key, for a server that asks its clients for one.",
            value: "file"
        ),
        .init(
            kind: .option,
            name: "timeout",
            help: "Seconds to wait for each part of the answer. (default 60)",
            value: "seconds"
        ),
    ]

    private let server: ServerURL
    private let key: String?
    private let authorities: String?
    private let clientCertificate: String?
    private let timeout: Int

    init(_ given: GivenWords) throws {
        authorities = given["authorities"]
        clientCertificate = given["client-certificate"]
        timeout = try given.number("timeout", in: 1...3_600) ?? 60
        key = given["key"] ?? Variables.all["CALLPATH_KEY"]
        if let key, key.isEmpty || !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            let source = given.has("key") ? "--key" : "CALLPATH_KEY"
            throw UsageError("\(source): expected a key without blanks")
        }
        let text = given["url"] ?? Variables.all["CALLPATH_URL"] ?? "http://localhost:8080"
        guard let server = ServerURL(text) else {
            let source = given.has("url") ? "--url" : "CALLPATH_URL"
            throw UsageError("\(source): expected http://, https:// or unix://, got '\(text)'")
        }
        self.server = server
    }

    /// Sends a request and returns the body of its answer; what the server refuses is an error in its words.
    func send(_ method: String, _ path: String, fields: [String: String] = [:], body: [UInt8] = []) throws -> [UInt8] {
        var head = "\(method) \(server.prefix)\(path) HTTP/1.1\r\nHost: \(server.authority)\r\nConnection: close\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let key {
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
