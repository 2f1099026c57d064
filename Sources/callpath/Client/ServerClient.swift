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
        key = try Self.key(given)
        let text = given["url"] ?? Variables.all["CALLPATH_URL"] ?? "http://localhost:8080"
        guard let server = ServerURL(text) else {
            throw Self.badURL(text, from: given.has("url") ? "--url" : "CALLPATH_URL")
        }
        self.server = server
    }

    private static func badURL(_ text: String, from source: String) -> UsageError {
        let isEmpty = text.isEmpty && source == "CALLPATH_URL"
        let more =
            isEmpty ? ": unset it to ask http://localhost:8080" : text.contains("@") ? ": a key goes into --key" : ""
        return UsageError("\(source): expected http://, https:// or unix://, got '\(ServerURL.shown(text))'\(more)")
    }

    private static func key(_ given: GivenWords) throws -> String? {
        guard let key = given["key"] ?? Variables.all["CALLPATH_KEY"] else { return nil }
        let source = given.has("key") ? "--key" : "CALLPATH_KEY"
        guard !key.isEmpty else {
            let way = given.has("key") ? "leave it out" : "unset it"
            throw UsageError("\(source): it is empty: \(way) to ask without a key")
        }
        guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw UsageError("\(source): expected a key without blanks")
        }
        return key
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
        let bytes = try channel.readToEnd()
        guard bytes.isEmpty || bytes.starts(with: "HTTP/".utf8.prefix(bytes.count)) else {
            throw ClientFailure.notHTTP(url: server.text, got: String(decoding: bytes.prefix(40), as: UTF8.self))
        }
        guard let answer = ClientAnswer(bytes) else { throw ClientFailure.cutShort(url: server.text) }
        return answer
    }
}

/// Why a command has no answer to show.
enum ClientFailure: Error, CustomStringConvertible {
    case unreachable(url: String, reason: String)
    case badTLS(String)
    /// The server wants a certificate, and there was none to show.
    case certificateRequired(url: String)
    /// A file that an option names cannot be read.
    case unreadable(option: String, file: String, reason: String)
    case timedOut(url: String, seconds: Int)
    case broken(url: String, reason: String)
    case cutShort(url: String)
    case notHTTP(url: String, got: String)
    case refused(String)

    var description: String {
        switch self {
        case .unreachable(let url, let reason): "no server at \(url): \(reason) (--url or CALLPATH_URL names another)"
        case .badTLS(let reason): "TLS: \(reason)"
        case .certificateRequired(let url): "\(url): the server asks for a client certificate (--client-certificate)"
        case .unreadable(let option, let file, let reason): "\(option): cannot read '\(file)': \(reason)"
        case .timedOut(let url, let seconds):
            "\(url): no answer within \(seconds) \(seconds == 1 ? "second" : "seconds") (--timeout waits longer)"
        case .broken(let url, let reason): "\(url): the connection broke before the answer was whole: \(reason)"
        case .cutShort(let url): "\(url): the connection ended before the answer was whole"
        case .notHTTP(let url, let got): "\(url): expected an answer in HTTP/1.1, got '\(Self.line(got))'"
        case .refused(let detail): Self.line(detail)
        }
    }

    /// PyTorch says some things in several lines; at a shell one is enough.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
