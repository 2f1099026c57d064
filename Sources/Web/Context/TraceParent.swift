/// The `traceparent` of a request (W3C Trace Context, section 3.2), which ties its log lines to a distributed trace.
package struct TraceParent: Sendable, Equatable {
    /// The field's value, as it is passed on.
    package let text: String
    /// The identity of the whole trace, 32 hexadecimal digits.
    package var traceID: Substring { text.dropFirst(3).prefix(32) }

    /// Reads a value such as `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
    ///
    /// What is cut short, in capitals, or all zeros is no trace context, and the specification wants it ignored.
    init?(_ value: String?) {
        guard let value, value.utf8.count >= 55, value.utf8.count <= 512 else { return nil }
        let parts = value.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts.prefix(4).map(\.utf8.count) == [2, 32, 16, 2] else { return nil }
        guard parts.prefix(4).allSatisfy({ $0.utf8.allSatisfy(Self.isLowercaseHexDigit) }) else { return nil }
        // Version 0 has exactly these four parts; later ones may have more; 255 is none.
        guard parts[0] != "ff", parts[0] != "00" || parts.count == 4 else { return nil }
        guard parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }) else { return nil }
        text = value
    }

    private static func isLowercaseHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}
