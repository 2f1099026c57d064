import HTTP
import HTTPTypes
import Synchronization

/// Counts what is written of a body that comes over time, and tells of it once nobody holds the body any more: when it has
/// ended, and also when nobody came to ask for it.
final class StreamWatch: Sendable {
    /// What became of a body.
    struct End {
        var byteCount = 0
        var trailers: ResponseFields?
    }

    fileprivate let end = Mutex(End())
    private let tell: @Sendable (End) -> Void

    init(_ tell: @escaping @Sendable (End) -> Void) {
        self.tell = tell
    }

    deinit { tell(end.withLock { $0 }) }
}

extension StreamWatch {
    /// A writer whose writing is watched.
    struct Writer: BodyWriter {
        let watch: StreamWatch
        let target: any BodyWriter

        func write(_ bytes: [UInt8]) async throws {
            try await target.write(bytes)
            watch.end.withLock { $0.byteCount += bytes.count }
        }

        func setTrailers(_ trailers: ResponseFields) async throws {
            watch.end.withLock { $0.trailers = trailers }
            try await target.setTrailers(trailers)
        }
    }
}
