import HTTPTypes

/// Taking content codings off requests, within bounds.
extension ContentCoding {
    /// The greatest number of octets that one octet of deflated data can stand for.
    private static let maxRatio = 1_032
    /// Octets of output that are made room for at a time.
    private static let pieceByteCount = 65_536

    /// Returns the content that `octets`, one whole member, stand for.
    ///
    /// Never holds more than `limit` octets and one piece, nor more than the octets claim and one piece.
    package func decoded(_ octets: [UInt8], limit: Int) throws(ContentCodingError) -> [UInt8] {
        let claimed = claimedByteCount(of: octets)
        if let claimed, claimed > limit, claimed <= octets.count * Self.maxRatio { throw .tooLarge(limit: limit) }
        var inflater = Inflater(self)
        var content: [UInt8] = []
        // Room for all of it at once: memory that is never written to costs nothing, and growing costs it twice.
        content.reserveCapacity(min(claimed ?? .max, limit, octets.count * Self.maxRatio) + 1)
        var (position, count) = (0, 0)
        while !inflater.isDone {
            // What is longer than it claims is no good any more, and is read on only to say what is wrong with it.
            if count > claimed ?? .max { content.removeAll(keepingCapacity: true) }
            let room = min(max(content.capacity - content.count, Self.pieceByteCount), limit - count + 1)
            let before = content.count
            let eaten = try inflater.decode(octets.span.extracting(position...), into: &content, atMost: room)
            let made = content.count - before
            (position, count) = (position + eaten, count + made)
            guard count <= limit else { throw .tooLarge(limit: limit) }
            guard inflater.isDone || eaten > 0 || made > 0 else { throw .corrupt }
        }
        guard position == octets.count else { throw .corrupt }
        return content
    }

    /// The length that the trailer of a gzip member claims, modulo 2^32 (RFC 1952 2.3.1).
    ///
    /// A claim beyond the limit that the octets could keep is refused before any work is done for it.
    private func claimedByteCount(of octets: [UInt8]) -> Int? {
        guard self == .gzip, octets.count >= 18 else { return nil }
        return octets.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

extension Request {
    /// Returns the content without its coding, which must be one that is known here, alone.
    package func decodedBody(limit: Int) throws(ContentCodingError) -> [UInt8] {
        guard let name = fields[.contentEncoding]?.lowercased(), name != "identity" else { return body }
        guard let coding = ContentCoding.allCases.first(where: { $0.names.contains(name) }) else {
            throw .unknownCoding
        }
        return try coding.decoded(body, limit: limit)
    }
}
