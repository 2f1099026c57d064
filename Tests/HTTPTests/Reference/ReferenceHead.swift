@testable import HTTP

/// What the lines of a head mean, by plain string work.
struct ReferenceHead {
    /// The three words of a request line.
    struct Line {
        let words: [String]
        var isHTTP1_0: Bool { words[2] == "HTTP/1.0" }

        /// The path and query of the target, whatever its form.
        var target: String {
            guard let scheme = ["http://", "https://"].first(where: { words[1].lowercased().hasPrefix($0) }) else {
                return words[1]
            }
            let rest = words[1].dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
            return rest.hasPrefix("/") ? String(rest) : "/\(rest)"
        }
    }

    /// A name and a value as they came.
    struct Field {
        let name: [UInt8]
        let value: [UInt8]
        /// The name in lower case.
        let key: String

        init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
            self.key = String(decoding: name, as: UTF8.self).lowercased()
        }
    }

    let line: Line
    let fields: [Field]

    /// Checks the words of a request line as each of them ends.
    static func check(_ words: [[UInt8]]) throws {
        let word = String(decoding: words.last ?? [], as: UTF8.self)
        let isGood: Bool
        switch words.count {
        case 1: isGood = true
        case 2:
            if words[0] == Array("CONNECT".utf8) { throw ReferenceParser.Refusal(status: 501) }
            isGood = isTarget(word, method: String(decoding: words[0], as: UTF8.self))
        default:
            let usual = word == "HTTP/1.1" || word == "HTTP/1.0"
            isGood = usual || word.wholeMatch(of: /HTTP\/[0-9]\.[0-9]/) != nil
            if isGood, !word.hasPrefix("HTTP/1") { throw ReferenceParser.Refusal(status: 505) }
        }
        if !isGood { throw ReferenceParser.Refusal(status: 400) }
    }

    private static func isTarget(_ target: String, method: String) -> Bool {
        if target == "*" { return method == "OPTIONS" || method == "PRI" }
        let pathAndQuery: Substring
        if target.hasPrefix("/") {
            pathAndQuery = target[...]
        } else {
            guard let match = target.wholeMatch(of: /(?i:https?):\/\/([^\/?]+)(.*)/) else { return false }
            guard isHost(String(match.1)) else { return false }
            pathAndQuery = match.2
        }
        let path = pathAndQuery.prefix { $0 != "?" }
        let isPlain = !path.utf8.contains { $0 == 0x25 || $0 == 0x5B || $0 == 0x5D }
        return isPlain || path.wholeMatch(of: /([^%\[\]]|%[0-9A-Fa-f]{2})*/) != nil
    }

    /// Returns whether `text` is a host with or without a port, by regular expressions of RFC 3986.
    static func isHost(_ text: String) -> Bool {
        if text == "localhost" { return true }
        guard let match = text.wholeMatch(of: /(\[(.*)\]|([^:\[\]]+))(:([0-9]{0,5}))?/) else { return false }
        if let port = match.5, let number = Int(port), number > 65_535 { return false }
        if let address = match.2 { return isIPv6(String(address)) }
        let name = /([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+/
        return text.utf8.allSatisfy { $0 < 0x80 } && match.3?.wholeMatch(of: name) != nil
    }

    private static func isIPv6(_ text: String) -> Bool {
        var text = text
        let number = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
        if let dot = text.firstIndex(of: "."), let colon = text[..<dot].lastIndex(of: ":") {
            let tail = text[text.index(after: colon)...]
            guard let regex = try? Regex("\(number)\\.\(number)\\.\(number)\\.\(number)"),
                tail.wholeMatch(of: regex) != nil
            else { return false }
            text = text[...colon] + "0:0"
        }
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        let groups = halves.flatMap { half in
            half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false)
        }
        guard groups.allSatisfy({ $0.wholeMatch(of: /[0-9A-Fa-f]{1,4}/) != nil }) else { return false }
        return halves.count == 2 ? groups.count < 8 : groups.count == 8
    }

    private func values(_ key: String) -> [String] {
        fields.filter { $0.key == key }.map { field in
            String(String.UnicodeScalarView(field.value.map { Unicode.Scalar($0) }))
        }
    }

    /// The framing, after every check of the head in the order that the parser promises.
    func framing(_ limits: ServerLimits) throws -> BodyFraming {
        try checkLines()
        if values("host").isEmpty, !line.isHTTP1_0 { throw ReferenceParser.Refusal(status: 400) }
        let codings = values("transfer-encoding").map { $0.lowercased() }
        if let coding = codings.first {
            let isWhole = codings.count == 1 && values("content-length").isEmpty && !line.isHTTP1_0
            let last = coding.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
            let isChunkedLast = last.trimmed == "chunked"
            guard isWhole, isChunkedLast else { throw ReferenceParser.Refusal(status: 400) }
            guard coding == "chunked" else { throw ReferenceParser.Refusal(status: 501) }
        }
        let digits = values("content-length").first.map { $0.drop { $0 == "0" } } ?? ""
        let length = digits.isEmpty ? 0 : digits.count > 18 ? Int.max : Int(digits) ?? .max
        if length > limits.maxBodyBytes { throw ReferenceParser.Refusal(status: 413) }
        let expectations = values("expect")
        if !line.isHTTP1_0, expectations.contains(where: { $0.lowercased() != "100-continue" }) {
            throw ReferenceParser.Refusal(status: 417)
        }
        return codings.isEmpty ? .length(length) : .chunked
    }

    /// What is wrong with one line is found in the order of the lines; all of it is 400.
    private func checkLines() throws {
        let hosts = values("host")
        let lengths = values("content-length")
        let isGood =
            hosts.count <= 1 && hosts.allSatisfy { Self.isHost($0) } && lengths.count <= 1
            && lengths.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        if !isGood { throw ReferenceParser.Refusal(status: 400) }
    }

    var keepsAlive: Bool {
        let options = values("connection").flatMap { $0.lowercased().split(separator: ",").map(\.trimmed) }
        return !options.contains("close") && (!line.isHTTP1_0 || options.contains("keep-alive"))
    }

    /// The head in the words of `Outcome`.
    var octets: [UInt8] {
        let version = line.isHTTP1_0 ? Request.Version.http1_0 : .http1_1
        let first = Array("\(line.words[0]) \(line.target) \(version)\n".utf8)
        return fields.reduce(into: first) { head, field in head += field.name + [0x3A] + field.value + [0x0A] }
    }
}

extension StringProtocol {
    /// This text without SP and HTAB at either end.
    fileprivate var trimmed: String {
        let tail = drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }
        return String(tail.reversed())
    }
}
