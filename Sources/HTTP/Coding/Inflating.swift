import HTTPTypes

/// Taking content codings off requests, within bounds.
extension ContentCoding {
    /// The greatest number of octets that one octet of deflated data can stand for.
    private static let maxRatio = 1_032
    /// Octets of output that are made room for at a time.
    private static let pieceByteCount = 65_536

    /// Returns the content that `octets`, one whole member, stand for.
    ///
    /// Never holds more than `limit` octets and one piece, whatever the octets claim.
    package func decoded(_ octets: [UInt8], limit: Int) throws(ContentCodingError) -> [UInt8] {
        let claimed = claimedByteCount(of: octets)
        if let claimed, claimed > limit, claimed <= octets.count * Self.maxRatio { throw .tooLarge(limit: limit) }
        var inflater = Inflater(self)
        var content: [UInt8] = []
        content.reserveCapacity(min(claimed ?? 0, limit, octets.count * Self.maxRatio) + 1)
        var position = 0
        while !inflater.isDone {
            let room = min(max(content.capacity - content.count, Self.pieceByteCount), limit - content.count + 1)
            let before = content.count
            let eaten = try inflater.decode(octets.span.extracting(position...), into: &content, atMost: room)
            position += eaten
            guard content.count <= limit else { throw .tooLarge(limit: limit) }
            guard inflater.isDone || eaten > 0 || content.count > before else { throw .corrupt }
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
