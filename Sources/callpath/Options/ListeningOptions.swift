import Glibc
import HTTP

/// Addresses or names separated by commas: `127.0.0.1,[::1]`.
struct HostList: OptionValue {
    var hosts: [String]

    init(_ hosts: [String]) { self.hosts = hosts }

    init?(optionText: String) {
        guard !optionText.isEmpty else {
            hosts = []
            return
        }
        let parts = optionText.listed
        hosts = parts.compactMap(Self.host)
        guard hosts.count == parts.count else { return nil }
    }

    /// Returns a host without brackets around it; nil if it is none.
    private static func host(_ text: Substring) -> String? {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let host = String(isBracketed ? text.dropFirst().dropLast() : text)
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"[]/?#@".utf8.contains($0) }),
            !isBracketed || host.contains(":")
        else { return nil }
        return host
    }

    var optionText: String { hosts.joined(separator: ",") }
    static var placeholder: String { "HOST,..." }
    static var expected: String { "addresses or names of this machine without ports, separated by commas" }
    static var isList: Bool { true }
}

/// A port, or none.
struct OptionalPort: OptionValue {
    var port: Int?

    init() {}

    init?(optionText: String) {
        guard !optionText.isEmpty else { return }
        guard let port = Int(optionText: optionText), (0...65_535).contains(port) else { return nil }
        self.port = port
    }

    var optionText: String { port.map(String.init) ?? "" }
    static var placeholder: String { "PORT" }
    static var expected: String { "0..65535" }
}

/// The mode of a file in octal digits, as chmod takes it.
struct FileMode: OptionValue, Equatable {
    var bits: mode_t

    init(_ bits: mode_t) { self.bits = bits }

    init?(optionText: String) {
        guard (3...4).contains(optionText.utf8.count), let bits = mode_t(optionText, radix: 8), bits <= 0o777 else {
            return nil
        }
        self.bits = bits
    }

    var optionText: String { "0" + String(bits, radix: 8) }
    static var placeholder: String { "MODE" }
    static var expected: String { "three octal digits, perhaps with a 0 before them, like 0660" }
}

/// Addresses, networks and `unix`, separated by commas: `10.0.0.0/8,::1,unix`.
struct ProxyList: OptionValue {
    private(set) var networks: [IPNetwork] = []
    /// Whether peers of Unix sockets are among them.
    private(set) var includesUnix = false
    private(set) var optionText = ""

    init() {}

    init?(optionText: String) {
        self.optionText = optionText
        guard !optionText.isEmpty else { return }
        for part in optionText.listed {
            if part == TrustedProxies.unixPeer {
                includesUnix = true
            } else if let network = IPNetwork(part) {
                networks.append(network)
            } else {
                return nil
            }
        }
    }

    static var placeholder: String { "CIDR,..." }
    static var expected: String { "addresses, networks like 10.0.0.0/8 and 'unix', separated by commas" }
    static var isList: Bool { true }
}

extension TrustedProxies.Field: OptionValue {
    init?(optionText: String) { self.init(rawValue: optionText) }
    var optionText: String { rawValue }
    static var placeholder: String { allCases.map(\.rawValue).joined(separator: "|") }
}
