/// Streams with a request, or with a reason to refuse it, in the order in which they are to be answered.
struct ReadyStreams {
    private var streams: [HTTP2Stream] = []
    private var next = 0

    var isEmpty: Bool { next == streams.count }

    mutating func append(_ stream: HTTP2Stream) { streams.append(stream) }

    mutating func popFirst() -> HTTP2Stream? {
        guard next < streams.count else { return nil }
        let stream = streams[next]
        next += 1
        if next == streams.count {
            streams.removeAll(keepingCapacity: true)
            next = 0
        }
        return stream
    }
}
