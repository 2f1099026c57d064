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
            for element in ReversedList(Array(line.utf8)) {
                guard let hop = field == .forwarded ? Self.hop(ofForwarded: element) : Self.hop(element) else {
                    return client?.description
                }
                client = hop
                guard contains(hop) else { return hop.description }
            }
        }
        return client?.description
    }

    // Octets, not characters: what characters are is costly to say of text that was made to be so.
    private typealias Octets = ArraySlice<UInt8>

    /// Octets of an element, and of an address with its port, beyond which it is none.
    private static let (maxElementByteCount, maxHopByteCount) = (1_024, 80)

    /// Reads an address that may have a port, and must have brackets if it is an IPv6 address with one.
    private static func hop(_ text: Octets) -> IPAddress? {
        guard text.count <= maxHopByteCount else { return nil }
        if text.first == UInt8(ascii: "[") {
            guard let end = text.firstIndex(of: UInt8(ascii: "]")), isPort(text[(end + 1)...]) else { return nil }
            let inside = text[(text.startIndex + 1)..<end]
            return inside.contains(UInt8(ascii: ":")) ? address(inside) : nil
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            !text[(colon + 1)...].contains(UInt8(ascii: ":"))
        else { return address(text) }
        return isPort(text[colon...]) ? address(text[..<colon]) : nil
    }

    private static func address(_ text: Octets) -> IPAddress? {
        IPAddress(String(decoding: text, as: UTF8.self))
    }

    /// Whether a text is nothing, or a colon and a port or the name that hides one.
    private static func isPort(_ text: Octets) -> Bool {
        text.isEmpty || (text.first == UInt8(ascii: ":") && text.count > 1 && text.dropFirst().allSatisfy(isPortOctet))
    }

    private static func isPortOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Reads the `for` of an element; `nil` if there is not exactly one that is an address.
    private static func hop(ofForwarded element: Octets) -> IPAddress? {
        guard element.count <= maxElementByteCount else { return nil }
        var values: [Octets] = []
        for pair in ReversedList(element, separator: UInt8(ascii: ";")) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = trimmed(pair[..<equals]).map { $0 | 0x20 }
            if name == Array("for".utf8) { values.append(unquoted(trimmed(pair[(equals + 1)...]))) }
        }
        guard values.count == 1, let value = values.first else { return nil }
        return hop(value)
    }

    /// Takes off quotes, and the backslashes that may stand before anything within them (RFC 9110 5.6.4).
    private static func unquoted(_ text: Octets) -> Octets {
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else { return text }
        var isEscaped = false
        let inside = text.dropFirst().dropLast().filter { octet in
            isEscaped = octet == UInt8(ascii: "\\") && !isEscaped
            return !isEscaped
        }
        // The last quote is none if a backslash stands before it.
        return isEscaped ? text : inside[...]
    }

    private static func trimmed(_ text: Octets) -> Octets {
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }

    /// The elements of a list, the last first, without blanks around them and without empty ones.
    ///
    /// A separator within quotes divides nothing. Quotes are counted from the end too: what stands there is from a proxy
    /// that is trusted, and a quote that a client leaves open must not swallow it.
    private struct ReversedList: Sequence, IteratorProtocol {
        private var rest: Octets?
        private let separator: UInt8

        init(_ octets: some Collection<UInt8>, separator: UInt8 = UInt8(ascii: ",")) {
            rest = Array(octets)[...]
            self.separator = separator
        }

        mutating func next() -> Octets? {
            while let text = rest {
                let end = lastSeparator(of: text)
                rest = end.map { text[..<$0] }
                let element = TrustedProxies.trimmed(end.map { text[($0 + 1)...] } ?? text)
                if !element.isEmpty { return element }
            }
            return nil
        }

        private func lastSeparator(of text: Octets) -> Int? {
            var isQuoted = false
            return text.indices.last { index in
                if text[index] == UInt8(ascii: "\""), !isEscaped(index, in: text) { isQuoted.toggle() }
                return text[index] == separator && !isQuoted
            }
        }

        private func isEscaped(_ index: Int, in text: Octets) -> Bool {
            var start = index
            while start > text.startIndex, text[start - 1] == UInt8(ascii: "\\") { start -= 1 }
            return !(index - start).isMultiple(of: 2)
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
