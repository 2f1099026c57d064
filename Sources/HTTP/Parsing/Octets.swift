extension Span where Element == UInt8 {
    /// Returns whether these octets are `lowercase`, which is in lower case, but for the case of ASCII letters.
    func equalsIgnoringCase(_ lowercase: String.UTF8View) -> Bool {
        guard count == lowercase.count else { return false }
        var index = 0
        for expected in lowercase {
            guard self[index].asciiLowercase == expected else { return false }
            index += 1
        }
        return true
    }
}

extension UInt8 {
    /// This octet, in lower case if it is an ASCII letter.
    @inline(__always) var asciiLowercase: UInt8 {
        self &- 0x41 < 26 ? self | 0x20 : self
    }
}
