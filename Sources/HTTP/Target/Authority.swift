/// The host and port of RFC 3986 3.2, without user information.
enum Authority {
    /// Returns whether `octets` are a host that is not empty, with or without a port.
    static func isValid(_ octets: Span<UInt8>) -> Bool {
        guard !octets.isEmpty else { return false }
        let hostEnd: Int
        if octets[0] == UInt8(ascii: "[") {
            guard let bracket = octets.indices.first(where: { octets[$0] == UInt8(ascii: "]") }) else { return false }
            guard IPv6.isValid(octets.extracting(1..<bracket)) else { return false }
            hostEnd = bracket + 1
        } else {
            hostEnd = octets.firstIndex(from: 0, notIn: .registeredName)
            guard hostEnd > 0, PercentEncoding.isValid(octets.extracting(first: hostEnd)) else { return false }
        }
        return isPort(octets.extracting(hostEnd...))
    }

    /// Returns whether `octets` are nothing, or a colon and a port number, which may be missing.
    private static func isPort(_ octets: Span<UInt8>) -> Bool {
        guard !octets.isEmpty else { return true }
        guard octets[0] == UInt8(ascii: ":"), octets.count <= 6 else { return false }
        var port = 0
        for index in 1..<octets.count {
            guard octets[index].isDigit else { return false }
            port = port * 10 + Int(octets[index] - 0x30)
        }
        return port <= 65_535
    }
}

/// The text form of an IPv6 address (RFC 3986 3.2.2).
enum IPv6 {
    /// Returns whether `octets` are eight groups, or fewer around one `::`; an IPv4 address may stand for the last two.
    static func isValid(_ octets: Span<UInt8>) -> Bool {
        var groups = 0
        var hasGap = false
        var index = 0
        while index < octets.count {
            if octets[index] == UInt8(ascii: ":") {
                let isDouble = index + 1 < octets.count && octets[index + 1] == UInt8(ascii: ":")
                guard isDouble ? !hasGap : groups > 0 && index + 1 < octets.count else { return false }
                hasGap = hasGap || isDouble
                index += isDouble ? 2 : 1
                if index == octets.count { break }
            }
            let end = octets.firstIndex(from: index, notIn: .hexadecimal)
            if end < octets.count, octets[end] == UInt8(ascii: ".") {
                guard isIPv4(octets.extracting(index...)) else { return false }
                groups += 2
                break
            }
            guard (1...4).contains(end - index) else { return false }
            groups += 1
            index = end
            if index < octets.count, octets[index] != UInt8(ascii: ":") { return false }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// Returns whether `octets` are four numbers up to 255 with dots between them and no leading zero.
    private static func isIPv4(_ octets: Span<UInt8>) -> Bool {
        var parts = 0
        var index = 0
        while parts < 4 {
            let start = index
            var number = 0
            while index < octets.count, octets[index].isDigit, index - start < 3 {
                number = number * 10 + Int(octets[index] - 0x30)
                index += 1
            }
            guard index > start, number <= 255, index - start == 1 || octets[start] != 0x30 else { return false }
            parts += 1
            if parts < 4 {
                guard index < octets.count, octets[index] == UInt8(ascii: ".") else { return false }
                index += 1
            }
        }
        return index == octets.count
    }
}
