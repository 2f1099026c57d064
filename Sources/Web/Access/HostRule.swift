import HTTP
import HTTPTypes
import JSON

/// Under which names this server may be asked (RFC 9110, section 7.4).
///
/// A page can have its own name point to 127.0.0.1 and read what a server there answers, since to the browser both are one
/// origin (DNS rebinding). That takes a public name, which has a dot; so where all listeners are local, such names are
/// refused unless they are allowed.
package struct HostRule: Sendable {
    private let allowed: Set<String>
    private let admitsAll: Bool
    private let isLocal: Bool
    private let machineName: String

    /// - Parameters:
    ///   - allowed: The names that are let in, and no others but addresses and `localhost`; `*` is all, none leaves it to
    ///     `isLocal`.
    ///   - isLocal: Whether all listeners are loopback or Unix sockets.
    ///   - machineName: The name of the machine.
    package init(allowed: [String] = [], isLocal: Bool = false, machineName: String = "") {
        self.allowed = Set(allowed.map { $0.lowercased() })
        admitsAll = allowed.contains("*")
        self.isLocal = isLocal
        self.machineName = machineName.lowercased()
    }

    /// Whether there is any name that it refuses.
    private var refusesAny: Bool { !admitsAll && (isLocal || !allowed.isEmpty) }

    /// The middleware that refuses other names, on every route but those of probes.
    func wrap(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        guard refusesAny, !route.isProbe else { return next }
        return { exchange in
            if let host = exchange.request.fields.onlyOctets(of: .requestHost), !admits(host) {
                throw Self.refusal(of: host)
            }
            return try next(exchange)
        }
    }

    /// Returns whether a request for `host`, a name or an address and perhaps a port, may be answered.
    func admits(_ host: ArraySlice<UInt8>) -> Bool {
        guard host.first != UInt8(ascii: "[") else { return true }
        var name = host.prefix { $0 != UInt8(ascii: ":") }
        if name.last == UInt8(ascii: ".") { name.removeLast() }
        let label = name.suffix(from: name.lastIndex(of: UInt8(ascii: ".")).map { $0 + 1 } ?? name.startIndex)
        if label.isEmpty || Self.isNumber(label) { return true }
        if allowed.isEmpty, !name.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) {
            return true
        }
        let text = String(decoding: name, as: UTF8.self).lowercased()
        guard text != "localhost", !text.hasSuffix(".localhost") else { return true }
        return allowed.isEmpty ? text == machineName : allowed.contains(text)
    }

    /// Returns whether a name whose last label is `label` is an address, as browsers see it: no public name ends in a number.
    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        label.allSatisfy { (0x30...0x39).contains($0) }
            || label.starts(with: "0x".utf8)
                && label.dropFirst(2).allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    }

    private static func refusal(of host: ArraySlice<UInt8>) -> Problem {
        let name = String(decoding: host.prefix(256), as: UTF8.self)
        return Problem(
            .misdirectedRequest,
            "This server does not answer for '\(name)'; --allowed-hosts names the hosts that it answers for.",
            got: .string(name)
        )
    }
}
