/// The open streams of a connection by their numbers.
struct StreamTable {
    private var streams: [Int32: HTTP2Stream] = [:]
    /// The one that was asked for last: a dozen callbacks on one stream come behind one another.
    private var latest: HTTP2Stream?

    var isEmpty: Bool { streams.isEmpty }
    var count: Int { streams.count }
    var all: Dictionary<Int32, HTTP2Stream>.Values { streams.values }

    subscript(id: Int32) -> HTTP2Stream? {
        mutating get {
            if let latest, latest.id == id { return latest }
            guard let found = streams[id] else { return nil }
            latest = found
            return found
        }
    }

    mutating func insert(_ stream: HTTP2Stream) {
        streams[stream.id] = stream
        latest = stream
    }

    mutating func remove(_ id: Int32) -> HTTP2Stream? {
        if latest?.id == id { latest = nil }
        return streams.removeValue(forKey: id)
    }

    mutating func removeAll() { self = StreamTable() }
}
