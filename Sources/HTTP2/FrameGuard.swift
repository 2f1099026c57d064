/// Counts what costs a server more than its sender, and says when it is enough.
struct FrameGuard {
    /// Frames of one header block behind its first.
    private static let maxContinuations = 8
    /// The time between two PING that nobody minds, in nanoseconds.
    private static let pingInterval: Int64 = 5_000_000_000
    private static let maxStrikes = 3

    /// What is enough.
    enum Verdict: Equatable {
        case fine
        case calm(String)
    }

    /// Resets of streams that are not answered, and streams refused.
    private var resets = Budget(200, perSecond: 33)
    /// Frames that carry nothing.
    private var idleFrames = Budget(1_000, perSecond: 200)
    private var continuations = 0
    /// RST_STREAM of streams that were begun, however late.
    private var resetsDue = 0
    private var lastPing = Int64.min
    private var strikes = 0
    /// WINDOW_UPDATE that are for DATA which was sent, or for a stream that was begun: gRPC's clients open a window for each, also
    /// where the answer is trailers alone.
    private var windowUpdates = 64

    /// Takes note of a frame that the client sends.
    mutating func receive(_ frame: FrameHead, at now: Int64) -> Verdict {
        switch frame.kind {
        case .headers:
            continuations = 0
            resetsDue = min(resetsDue + 1, 1_000)
            windowUpdates = min(windowUpdates + 2, 1_000)
            return .fine
        case .reset where resetsDue > 0:
            resetsDue -= 1
            return .fine
        case .continuation:
            continuations += 1
            return continuations > Self.maxContinuations ? .calm("too_many_continuations") : .fine
        case .ping where !frame.isAck: return ping(at: now)
        case .data:
            // One that holds padding alone is not told from one that holds a little.
            let isEmpty = frame.length == 0 || frame.isPadded && frame.length <= 256
            return isEmpty && !frame.endsStream ? idleFrame(at: now) : .fine
        case .windowUpdate:
            guard windowUpdates == 0 else {
                windowUpdates -= 1
                return .fine
            }
            return idleFrame(at: now)
        case .priority, .reset, .settings, .pushPromise, .ping, .goAway, nil: return idleFrame(at: now)
        }
    }

    /// Takes note of HEADERS or DATA that the server has sent.
    mutating func sentAnswer(isData: Bool) {
        strikes = 0
        lastPing = .min
        if isData { windowUpdates = min(windowUpdates + 2, 1_000) }
    }

    /// Takes note of a stream that ends before it is answered, whoever ends it.
    mutating func reset(at now: Int64) -> Verdict {
        resets.take(at: now) ? .fine : .calm("too_many_resets")
    }

    /// Takes note of a frame that carries nothing.
    mutating func idleFrame(at now: Int64) -> Verdict {
        idleFrames.take(at: now) ? .fine : .calm("too_many_frames")
    }

    private mutating func ping(at now: Int64) -> Verdict {
        defer { lastPing = now }
        guard lastPing != .min, now - lastPing < Self.pingInterval else { return .fine }
        strikes += 1
        return strikes >= Self.maxStrikes ? .calm("too_many_pings") : .fine
    }
}
