extension ResponseBody {
    /// Octets that are coded at a time where there are many.
    private static let pieceByteCount = 262_144

    /// This content under a coding: whole if it is small, else piece by piece as the client takes it.
    func coded(_ coding: ContentCoding, _ effort: Deflater.Effort = .fast) -> ResponseBody {
        switch self {
        case .none: .none
        case .stream(let produce): .stream { try await CodingWriter(coding, into: $0).run(produce) }
        case .bytes(let bytes) where bytes.count <= Response.maximumWholeByteCount:
            .bytes(bytes.withUnsafeBytes { Self.whole($0, coding, effort) })
        case .shared(let shared) where shared.buffer.count <= Response.maximumWholeByteCount:
            .bytes(Self.whole(shared.buffer, coding, effort))
        case .bytes(let bytes): Self.pieces(count: bytes.count, coding) { Array(bytes[$0]) }
        case .shared(let shared): Self.pieces(count: shared.buffer.count, coding) { Array(shared.buffer[$0]) }
        }
    }

    private static func whole(
        _ octets: UnsafeRawBufferPointer,
        _ coding: ContentCoding,
        _ effort: Deflater.Effort
    ) -> [UInt8] {
        var coded: [UInt8] = []
        coding.encode(octets, into: &coded, effort)
        return coded
    }

    /// A stream that never holds more of the code than one piece of the content makes.
    private static func pieces(
        count: Int,
        _ coding: ContentCoding,
        octets: @escaping @Sendable (Range<Int>) -> [UInt8]
    ) -> ResponseBody {
        .stream { writer in
            try await CodingWriter(coding, into: writer, flush: .none).run { writer in
                for start in stride(from: 0, to: count, by: Self.pieceByteCount) {
                    try await writer.write(octets(start..<min(start + Self.pieceByteCount, count)))
                }
            }
        }
    }
}
