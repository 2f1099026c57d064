import Synchronization

/// Codes what is written to it, and hands the code on; it holds one coder of 256 KiB.
final class CodingWriter: BodyWriter {
    /// Octets up to which coding is done where the writing is done, the event loop; more would keep others waiting.
    private static let maximumInlineByteCount = 65_536

    private let deflater: Mutex<Deflater>
    private let target: any BodyWriter
    private let flush: Deflater.Flush

    /// Creates a writer that lets go of all that was written each time, unless `flush` says otherwise.
    init(_ coding: ContentCoding, into target: any BodyWriter, flush: Deflater.Flush = .all) {
        deflater = Mutex(Deflater(coding))
        self.target = target
        self.flush = flush
    }

    /// Codes all that `produce` writes, and ends the code.
    func run(_ produce: (any BodyWriter) async throws -> Void) async throws {
        try await produce(self)
        try await target.write(code([], .end))
    }

    func write(_ bytes: [UInt8]) async throws {
        let isLarge = bytes.count > Self.maximumInlineByteCount
        try await target.write(isLarge ? codeElsewhere(bytes) : code(bytes, flush))
    }

    func setTrailers(_ trailers: ResponseFields) async throws {
        try await target.setTrailers(trailers)
    }

    @concurrent private func codeElsewhere(_ bytes: [UInt8]) async -> [UInt8] { code(bytes, flush) }

    private func code(_ bytes: [UInt8], _ flush: Deflater.Flush) -> [UInt8] {
        deflater.withLock { deflater in
            var coded: [UInt8] = []
            bytes.withUnsafeBytes { deflater.encode($0, into: &coded, flush: flush) }
            return coded
        }
    }
}
