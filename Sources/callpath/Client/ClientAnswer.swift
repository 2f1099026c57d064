import JSON

/// An answer as the commands read it: whole, from a connection that the server closes behind it.
struct ClientAnswer {
    let status: Int
    let body: [UInt8]

    /// Reads an answer; `nil` if it is cut short or no HTTP.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let rest = bytes[end.upperBound...]
        guard let body = Self.body(rest, fields) else { return nil }
        (self.status, self.body) = (status, body)
    }

    private static func body(_ rest: ArraySlice<UInt8>, _ fields: [String: String]) -> [UInt8]? {
        if fields["transfer-encoding"]?.lowercased() == "chunked" { return joined(chunks: rest) }
        guard let length = fields["content-length"] else { return Array(rest) }
        guard let count = Int(length), count == rest.count else { return nil }
        return Array(rest)
    }

    private static func joined(chunks: ArraySlice<UInt8>) -> [UInt8]? {
        var (rest, body) = (chunks, [UInt8]())
        while let end = rest.firstRange(of: Array("\r\n".utf8)) {
            let digits = rest[..<end.lowerBound].prefix { $0 != UInt8(ascii: ";") }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else { return nil }
            rest = rest[end.upperBound...]
            if size == 0 { return body }
            guard rest.count - 2 >= size else { return nil }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return nil
    }

    /// What a problem document, or an error of the Open Inference Protocol, says went wrong.
    var problem: String {
        let document = try? JSONValue(parsing: body)
        let words = ["detail", "error", "title"].lazy.compactMap { document?[$0]?.asString }.first
        return words ?? "status \(status)"
    }
}
