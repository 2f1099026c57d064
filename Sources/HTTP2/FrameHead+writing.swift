/// Frames that libnghttp2 would not write: the last one of a connection, and those on streams that it ignores.
extension FrameHead {
    /// Writes a GOAWAY (RFC 9113 6.8).
    static func goAway(after last: Int32, _ code: HTTP2ErrorCode, _ reason: String) -> [UInt8] {
        frame(.goAway, on: 0, [UInt32(bitPattern: last), code.rawValue], Array(reason.utf8))
    }

    /// Writes a RST_STREAM (RFC 9113 6.4).
    static func reset(_ stream: Int32, _ code: HTTP2ErrorCode) -> [UInt8] {
        frame(.reset, on: stream, [code.rawValue])
    }

    private static func frame(_ kind: Kind, on stream: Int32, _ numbers: [UInt32], _ rest: [UInt8] = []) -> [UInt8] {
        let length = UInt32(numbers.count * 4 + rest.count)
        var frame = octets(of: length << 8 | UInt32(kind.rawValue)) + [0]
        for number in [UInt32(bitPattern: stream)] + numbers { frame += octets(of: number) }
        return frame + rest
    }

    private static func octets(of number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
