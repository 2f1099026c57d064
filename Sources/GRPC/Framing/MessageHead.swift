/// The five octets before each message: whether it is compressed, and its length.
struct MessageHead: Equatable {
    static let byteCount = 5

    let isCompressed: Bool
    let length: Int

    /// Reads the head that `octets` hold from `start` on; nil if they end before it does.
    init?(_ octets: [UInt8], at start: Int = 0) throws(CallFailure) {
        guard octets.count - start >= Self.byteCount else { return nil }
        guard octets[start] <= 1 else { throw .reservedFlag(octets[start]) }
        isCompressed = octets[start] == 1
        length = octets[start + 1..<start + Self.byteCount].reduce(0) { $0 << 8 | Int($1) }
    }

    /// Writes the head of the message that follows it in `octets`.
    static func write(isCompressed: Bool, into octets: inout [UInt8]) throws(CallFailure) {
        let length = octets.count - byteCount
        guard length >= 0, length <= Int(Int32.max) else { throw .tooLarge(limit: Int(Int32.max), got: length) }
        octets[0] = isCompressed ? 1 : 0
        for place in 1..<byteCount { octets[place] = UInt8(truncatingIfNeeded: length >> (8 * (4 - place))) }
    }
}
