import Glibc
import WireCases

/// One keep-alive connection that sends a request at a time and reads the answer: enough HTTP for these tests.
final class Client {
    struct Answer {
        let status: Int
        let fields: [String: String]
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    enum Failure: Error { case cannotConnect, closed, reset, timedOut, malformedHead(String) }

    private let descriptor: Int32
    private(set) var received: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure.cannotConnect }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends JSON to `path` and returns the answer.
    func json(_ method: String, _ path: String, _ body: String = "") throws -> Answer {
        try send(
            method,
            path,
            fields: body.isEmpty ? [:] : ["Content-Type": "application/json"],
            body: Array(body.utf8)
        )
    }

    /// Sends one request and returns its answer.
    func send(
        _ method: String,
        _ path: String,
        fields: [String: String] = [:],
        body: [UInt8] = []
    ) throws -> Answer {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        try write(Array((head + "\r\n").utf8) + body)
        return try readAnswer()
    }

    /// Writes `bytes` as they are.
    func write(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.closed }
            sent += count
        }
    }

    /// Reads one answer that is framed by Content-Length.
    func readAnswer() throws -> Answer {
        let (status, fields) = try readHead()
        let length = fields["content-length"].flatMap { Int($0) } ?? 0
        while received.count < length { try receiveMore() }
        defer { received.removeFirst(length) }
        return Answer(status: status, fields: fields, body: Array(received[..<length]))
    }

    /// Reads the head of an answer, which is all of it for HEAD.
    func readHead() throws -> (status: Int, fields: [String: String]) {
        var end = headEnd()
        while end == nil {
            try receiveMore()
            end = headEnd()
        }
        let head = String(decoding: received[..<(end ?? 0)], as: UTF8.self)
        received.removeFirst((end ?? 0) + 4)
        let lines = head.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure.malformedHead(head)
        }
        return (status, Self.fields(lines.dropFirst()))
    }

    /// Reads what comes, as it was sent, until `word` is in it; the rest stays to be read.
    func text(until word: String) throws -> String {
        let word = Array(word.utf8)
        var searched = 0
        while true {
            if let end = received[searched...].firstRange(of: word)?.upperBound {
                defer { received.removeFirst(end) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            searched = max(searched, received.count - word.count)
            try receiveMore()
        }
    }

    /// Reads until the server closes the connection.
    func rest() -> String {
        while (try? receive()) == true {}
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    private static func fields(_ lines: some Sequence<Substring>) -> [String: String] {
        var fields: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = String(value)
        }
        return fields
    }

    private func headEnd() -> Int? {
        guard received.count >= 4 else { return nil }
        return (0...(received.count - 4)).first {
            received[$0] == 13 && received[$0 + 1] == 10 && received[$0 + 2] == 13 && received[$0 + 3] == 10
        }
    }

    private func receiveMore() throws {
        guard try receive() else { throw Failure.closed }
    }
}

extension Client: WireClient {
    func send(_ octets: [UInt8]) throws { try write(octets) }

    func endWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw errno == EAGAIN ? Failure.timedOut : Failure.reset }
        received += buffer[..<count]
        return count > 0
    }

    func isReset(_ error: any Error) -> Bool {
        if case Failure.reset = error { true } else { false }
    }

    func isReadable(within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) > 0
    }
}
