/// Where a server is: `http://host:port/prefix`, `https://...` or `unix:///path/to.sock`.
struct ServerURL: Equatable {
    var isTLS = false
    var host = "localhost"
    var port: UInt16 = 80
    /// The path of a Unix socket, in place of a host and a port.
    var socket: String?
    /// What stands before each path.
    var prefix = ""

    /// Reads what a user wrote; `nil` if it is no such URL.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        let rest = text[colon.upperBound...]
        guard !rest.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"?#\"".utf8.contains($0) }) else {
            return nil
        }
        switch text[..<colon.lowerBound] {
        case "unix":
            guard rest.hasPrefix("/") else { return nil }
            readSocket(rest)
        case "http": guard read(rest, port: 80) else { return nil }
        case "https":
            isTLS = true
            guard read(rest, port: 443) else { return nil }
        default: return nil
        }
    }

    /// Reads a path, and behind `:/` as nginx has it what stands before each path of a request.
    private mutating func readSocket(_ rest: Substring) {
        let end = rest.indices.last { rest[$0...].hasPrefix(":/") }
        socket = String(rest[..<(end ?? rest.endIndex)])
        prefix = end.map { String(rest[rest.index(after: $0)...]) } ?? ""
        while prefix.hasSuffix("/") { prefix.removeLast() }
    }

    private mutating func read(_ rest: Substring, port standard: UInt16) -> Bool {
        let authority = rest.prefix { $0 != "/" }
        prefix = String(rest[authority.endIndex...])
        while prefix.hasSuffix("/") { prefix.removeLast() }
        let end = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : nil
        let portStart = authority[(end ?? authority.startIndex)...].lastIndex(of: ":")
        host = String(authority[..<(portStart ?? authority.endIndex)].filter { !"[]".contains($0) })
        port = standard
        guard let portStart else { return !host.isEmpty && !authority.contains("@") }
        guard let number = UInt16(authority[authority.index(after: portStart)...]) else { return false }
        port = number
        return !host.isEmpty && !authority.contains("@")
    }

    /// What a user may have written, without what may be a password in it.
    static func shown(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@"), let start = text.firstRange(of: "://")?.upperBound, start < at else {
            return text
        }
        return text[..<start] + "..." + text[at...]
    }

    /// The server's place, to be said to people.
    var text: String {
        if let socket { return "unix://\(socket)\(prefix.isEmpty ? "" : ":")\(prefix)" }
        return "\(isTLS ? "https" : "http")://\(authority)\(prefix)"
    }

    /// The value of the field `Host`.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return socket == nil && port != (isTLS ? 443 : 80) ? "\(name):\(port)" : name
    }
}
