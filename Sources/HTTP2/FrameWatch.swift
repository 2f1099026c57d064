/// Looks at the frames that a client sends before anything is done about them: whether they are too many, or out of order.
struct FrameWatch {
    /// Why the connection ends at a frame.
    struct Violation {
        let code: HTTP2ErrorCode
        let reason: String
    }

    private var scanner = FrameScanner()
    private var guardian = FrameGuard()
    private var order = StreamOrder()
    /// When the header block began that has not come whole.
    private(set) var blockStart: Int64?
    /// The last stream that is served.
    private var last = Int32.max
    /// Frames for streams that came too late.
    private var late: [UInt8] = []

    /// Whether there are frames for streams that came too late.
    var hasLate: Bool { !late.isEmpty }

    /// Looks at the frames that begin in `octets`.
    ///
    /// - Returns: Octets to be handed on before `octets`, which of `octets` may be handed on, and why no more may.
    mutating func scan(
        _ octets: Span<UInt8>,
        at now: Int64
    ) -> (head: [UInt8], range: Range<Int>, violation: Violation?) {
        var scanner = scanner
        var violation: Violation?
        let (head, range) = scanner.scan(octets) { frame in
            violation = note(frame, at: now)
            return violation == nil
        }
        self.scanner = scanner
        if !scanner.isInHeaderBlock { blockStart = nil }
        return (head, range, violation)
    }

    /// Counts a frame, and says why if it was one too many.
    private mutating func note(_ frame: FrameHead, at now: Int64) -> Violation? {
        if frame.kind == .headers {
            blockStart = now
            guard order.begins(frame.stream) else {
                return Violation(code: .protocolError, reason: "stream_out_of_order")
            }
            // libnghttp2 ignores a stream behind the last, and says nothing on it either.
            if frame.stream > last {
                late += FrameHead.reset(frame.stream, .refusedStream)
                if let violation = reset(at: now) { return violation }
            }
        }
        return Self.violation(guardian.receive(frame, at: now))
    }

    /// Takes note of a stream that ends before it is answered, whoever ends it.
    mutating func reset(at now: Int64) -> Violation? { Self.violation(guardian.reset(at: now)) }

    /// Takes note of HEADERS or DATA that the server has sent.
    mutating func sentAnswer(isData: Bool) { guardian.sentAnswer(isData: isData) }

    /// Refuses streams behind `last` from now on.
    mutating func refuse(after last: Int32) { self.last = last }

    /// Takes the frames for streams that came too late.
    mutating func takeLate() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &late)
        return taken
    }

    private static func violation(_ verdict: FrameGuard.Verdict) -> Violation? {
        guard case .calm(let reason) = verdict else { return nil }
        return Violation(code: .enhanceYourCalm, reason: reason)
    }
}
