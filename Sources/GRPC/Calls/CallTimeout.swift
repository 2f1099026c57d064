/// The value of `grpc-timeout`: up to eight digits and a unit (PROTOCOL-HTTP2.md).
enum CallTimeout {
    /// The longest that is told from none: clocks and timers take more of it than they can count.
    private static let longest = Duration.seconds(31_536_000)

    /// Reads a value.
    static func duration(_ text: String) throws(CallFailure) -> Duration {
        let octets = Array(text.utf8)
        let digits = octets.dropLast()
        guard (1...8).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(String(decoding: digits, as: UTF8.self)), let unit = octets.last.flatMap(unit)
        else { throw .malformedTimeout(text) }
        return min(unit * count, longest)
    }

    private static func unit(_ letter: UInt8) -> Duration? {
        switch letter {
        case UInt8(ascii: "H"): .seconds(3_600)
        case UInt8(ascii: "M"): .seconds(60)
        case UInt8(ascii: "S"): .seconds(1)
        case UInt8(ascii: "m"): .milliseconds(1)
        case UInt8(ascii: "u"): .microseconds(1)
        case UInt8(ascii: "n"): .nanoseconds(1)
        default: nil
        }
    }
}
