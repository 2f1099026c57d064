/// The first nine octets of a frame (RFC 9113 4.1).
struct FrameHead: Equatable {
    static let byteCount = 9

    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    let length: Int
    /// Nil for a type that is not known, to be ignored.
    let kind: Kind?
    let flags: UInt8
    let stream: Int32

    var isAck: Bool { flags & 0x1 != 0 }
    var endsStream: Bool { flags & 0x1 != 0 }
    var endsHeaders: Bool { flags & 0x4 != 0 }
    var isPadded: Bool { flags & 0x8 != 0 }

    init(_ octets: Span<UInt8>) {
        length = Int(octets[0]) << 16 | Int(octets[1]) << 8 | Int(octets[2])
        kind = Kind(rawValue: octets[3])
        flags = octets[4]
        let number = UInt32(octets[5]) << 24 | UInt32(octets[6]) << 16 | UInt32(octets[7]) << 8 | UInt32(octets[8])
        stream = Int32(truncatingIfNeeded: number & 0x7FFF_FFFF)
    }
}

/// Follows the frames in what a client sends, so that each can be counted before anything is done about it.
///
/// It holds back the start of a frame's head until that is whole: libnghttp2 counts each piece in which the head of a
/// CONTINUATION arrives as one more of them, and resets honest clients whose octets come one by one.
struct FrameScanner {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The start of a head that has not come whole.
    private var held: [UInt8] = []
    /// Octets of the present frame, or of the preface, still to come.
    private var rest = preface.count
    /// What was last begun.
    private(set) var frame: FrameHead?

    /// Whether the start of a header block has come, and not its end.
    var isInHeaderBlock: Bool {
        guard let frame, frame.kind == .headers || frame.kind == .continuation else { return false }
        return rest > 0 || !frame.endsHeaders
    }

    /// Goes through `octets`, and calls `note` for each head that is whole with them.
    /// - Returns: Octets to be handed on before `octets`, and how many of `octets` may be handed on: all but the start of a
    ///   head, which is kept. A frame for which `note` returns false is not handed on, nor is what is behind it.
    mutating func scan(_ octets: Span<UInt8>, _ note: (FrameHead) -> Bool) -> (head: [UInt8], range: Range<Int>) {
        var index = 0
        var head: [UInt8] = []
        if !held.isEmpty {
            while held.count < FrameHead.byteCount, index < octets.count {
                held.append(octets[index])
                index += 1
            }
            guard held.count == FrameHead.byteCount else { return ([], index..<index) }
            swap(&head, &held)
            guard begin(FrameHead(head.span), note) else { return ([], index..<index) }
        }
        let start = index
        while index < octets.count {
            let step = min(rest, octets.count - index)
            index += step
            rest -= step
            guard rest == 0, index < octets.count else { break }
            guard octets.count - index >= FrameHead.byteCount else {
                held = (index..<octets.count).map { octets[$0] }
                break
            }
            guard begin(FrameHead(octets.extracting(index..<index + FrameHead.byteCount)), note) else { break }
            index += FrameHead.byteCount
        }
        return (head, start..<index)
    }

    private mutating func begin(_ head: FrameHead, _ note: (FrameHead) -> Bool) -> Bool {
        frame = head
        rest = head.length
        return note(head)
    }
}
