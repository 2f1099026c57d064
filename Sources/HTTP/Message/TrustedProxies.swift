import HTTPTypes

/// The proxies whose word on who their client is counts, and the field that they say it in.
package struct TrustedProxies: Sendable {
    /// The field that names the client; the other is never read, or a client could forge what its proxy passes on.
    package enum Field: String, Sendable, CaseIterable {
        case xForwardedFor = "x-forwarded-for"
        /// RFC 7239.
        case forwarded
    }

    /// What peers of Unix sockets are called.
    package static let unixPeer = "unix"

    package var networks: [IPNetwork] = []
    /// Whether peers of Unix sockets are trusted.
    package var includesUnix = false
    package var field = Field.xForwardedFor

    package init() {}

    /// Whether nobody is trusted.
    package var isEmpty: Bool { networks.isEmpty && !includesUnix }

    /// Whether the peer of a connection is trusted.
    package func contains(peer: String) -> Bool {
        peer == Self.unixPeer ? includesUnix : IPAddress(peer).map(contains) ?? false
    }

    private func contains(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// Returns the address of the client that a trusted peer speaks for; `nil` if it names none.
    ///
    /// Each proxy adds the address of its own peer at the end. So the list is read from there: trusted hops are passed
    /// over, the first other address is the client, and what is no address ends the walk at the hop before it.
    package func client(in fields: RequestFields) -> String? {
        var client: IPAddress?
        for line in fields.values(of: field == .forwarded ? .forwarded : .xForwardedFor).reversed() {
            for element in ReversedList(line) {
                guard let hop = field == .forwarded ? Self.hop(ofForwarded: element) : Self.hop(element) else {
                    return client?.description
                }
                client = hop
                guard contains(hop) else { return hop.description }
            }
        }
        return client?.description
    }

    /// Reads an address that may have a port, and must have brackets if it is an IPv6 address with one.
    private static func hop(_ text: Substring) -> IPAddress? {
        if text.hasPrefix("[") {
            let parts = text.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].contains(":"), isPort(parts[1]) else { return nil }
            return IPAddress(parts[0])
        }
        guard let colon = text.firstIndex(of: ":"), !text[text.index(after: colon)...].contains(":") else {
            return IPAddress(text)
        }
        return isPort(text[colon...]) ? IPAddress(text[..<colon]) : nil
    }

    /// Whether a text is nothing, or a colon and a port or the name that hides one.
    private static func isPort(_ text: Substring) -> Bool {
        let rest = text.dropFirst()
        return text.isEmpty || (text.hasPrefix(":") && !rest.isEmpty && rest.utf8.allSatisfy(isTokenOctet))
    }

    private static func isTokenOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Reads the `for` of an element; `nil` if there is not exactly one that is an address.
    private static func hop(ofForwarded element: Substring) -> IPAddress? {
        let values = element.split(separator: ";").compactMap { pair -> Substring? in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, trimmed(halves[0]).lowercased() == "for" else { return nil }
            return unquoted(trimmed(halves[1]))
        }
        guard values.count == 1, let value = values.first else { return nil }
        return hop(value)
    }

    /// Takes off quotes; no address needs an escape within them.
    private static func unquoted(_ text: Substring) -> Substring {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? text.dropFirst().dropLast() : text
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }

    /// The elements of a list, the last first, without blanks around them and without empty ones.
    ///
    /// A comma within quotes divides nothing. Quotes are counted from the end too: what stands there is from a proxy that
    /// is trusted, and a quote that a client leaves open must not swallow it.
    private struct ReversedList: Sequence, IteratorProtocol {
        private var rest: Substring?

        init(_ line: String) { rest = line[...] }

        mutating func next() -> Substring? {
            while let text = rest {
                let comma = Self.lastComma(of: text)
                rest = comma.map { text[..<$0] }
                let element = TrustedProxies.trimmed(comma.map { text[text.index(after: $0)...] } ?? text)
                if !element.isEmpty { return element }
            }
            return nil
        }

        private static func lastComma(of text: Substring) -> String.Index? {
            var isQuoted = false
            return text.indices.reversed().first { index in
                if text[index] == "\"" { isQuoted.toggle() }
                return text[index] == "," && !isQuoted
            }
        }
    }
}

extension HTTPField.Name {
    static let xForwardedFor = constant("X-Forwarded-For")
    static let forwarded = constant("Forwarded")

    private static func constant(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is the name of a field.") }
        return name
    }
}
