/// One answer of a server, taken apart by nothing but the rules of RFC 9112 6.3.
package struct WireAnswer: Sendable, Equatable {
    /// The status code.
    package let status: Int
    /// The fields by their names in lower case; of several lines the last.
    package let fields: [String: String]
    /// The content without its framing.
    package let body: [UInt8]

    /// The content as text.
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Takes answers off the front of what a server sent.
package struct WireAnswerReader {
    /// What no server may send.
    package enum Malformed: Error {
        case head(String)
        case chunk(String)
    }

    private var rest: ArraySlice<UInt8>
    private let hasEnded: Bool

    /// Creates a reader of `octets`, which are all there will be if the connection `hasEnded`.
    package init(_ octets: [UInt8], hasEnded: Bool) {
        rest = octets[...]
        self.hasEnded = hasEnded
    }

    /// Whether no octets are left over.
    package var isAtEnd: Bool { rest.isEmpty }

    /// Returns the next answer, or `nil` if it has not come whole; `isToHead` means that it has no body.
    package mutating func next(isToHead: Bool) throws -> WireAnswer? {
        let start = rest
        guard let lines = lines() else { return nil }
        let words = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Malformed.head(lines[0])
        }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Malformed.head(line) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = String(value)
        }
        let hasBody = !isToHead && status >= 200 && status != 204 && status != 304
        guard let body = try hasBody ? body(fields) : [] else {
            rest = start
            return nil
        }
        return WireAnswer(status: status, fields: fields, body: body)
    }

    private mutating func lines() -> [String]? {
        var lines: [String] = []
        let start = rest
        while let line = line() {
            if line.isEmpty { return lines }
            lines.append(line)
        }
        rest = start
        return nil
    }

    /// Takes octets up to CRLF, which must be the first CR or LF.
    private mutating func line() -> String? {
        guard let end = rest.firstIndex(where: { $0 == 0x0D || $0 == 0x0A }), rest[end...].starts(with: [0x0D, 0x0A])
        else {
            return nil
        }
        defer { rest = rest[(end + 2)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private mutating func body(_ fields: [String: String]) throws -> [UInt8]? {
        if fields["transfer-encoding"] == "chunked" { return try chunkedBody() }
        if let length = fields["content-length"].flatMap({ Int($0) }) { return take(length) }
        return hasEnded ? take(rest.count) : nil
    }

    private mutating func chunkedBody() throws -> [UInt8]? {
        var body: [UInt8] = []
        while let line = line() {
            guard let size = Int(line, radix: 16) else { throw Malformed.chunk(line) }
            guard let data = take(size), self.line() == "" else { return nil }
            if size == 0 { return body }
            body += data
        }
        return nil
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
