package import Glibc

/// An IPv4 or IPv6 address; one is the same in every spelling, and an IPv4 address within IPv6 is that IPv4 address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The 128 bits; those of an IPv4 address are `::ffff:a.b.c.d`.
    private let high: UInt64
    private let low: UInt64

    /// Reads an address without brackets, port and zone; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        // No address is longer than an IPv6 address that ends in an IPv4 one.
        guard text.utf8.count <= 45 else { return nil }
        let text = String(text)
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(four)
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(six)
    }

    /// Creates an address from the kernel's form.
    package init(_ address: in_addr) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: address.s_addr)))
    }

    /// Creates an address from the kernel's form.
    package init(_ address: in6_addr) {
        let (high, low) = withUnsafeBytes(of: address) {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Whether it is an IPv4 address.
    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The address with only its first `count` of 128 bits.
    fileprivate func prefix(_ count: Int) -> IPAddress {
        IPAddress(high: high & Self.mask(count), low: low & Self.mask(count - 64))
    }

    private static func mask(_ count: Int) -> UInt64 {
        count <= 0 ? 0 : .max << UInt64(64 - min(count, 64))
    }

    /// The address as `inet_ntop` writes it.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isIPv4 {
            var four = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
            inet_ntop(AF_INET, &four, &text, socklen_t(text.count))
        } else {
            var six = (high.bigEndian, low.bigEndian)
            inet_ntop(AF_INET6, &six, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// All addresses that begin with the same bits, written `10.0.0.0/8`; without a length, one address.
package struct IPNetwork: Hashable, Sendable {
    private let first: IPAddress
    private let length: Int

    /// Reads a network, of which bits behind its length do not count; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(halves[0]) else { return nil }
        let unused = halves[0].contains(":") ? 0 : 96
        guard halves.count == 2 else {
            (first, length) = (address, 128)
            return
        }
        guard (1...3).contains(halves[1].utf8.count), halves[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(halves[1]), length <= 128 - unused
        else { return nil }
        self.length = length + unused
        first = address.prefix(self.length)
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.prefix(length) == first
    }
}
