import HTTPTypes

/// Putting content codings on answers, where it pays.
extension Response {
    /// Octets below which coding costs more than it saves.
    package static let minimumCompressedByteCount = 1_024

    /// Returns this answer as `request` likes it best: coded if the client asks for it and the content is worth it.
    ///
    /// Content that could be coded says `Vary: Accept-Encoding` even when it is not, so that no cache mixes them up.
    package consuming func compressed(for request: Request) -> Response {
        guard mayBeCoded else { return self }
        fields.append("Accept-Encoding", toListOf: .vary)
        guard let count = body.count, count >= Self.minimumCompressedByteCount,
            let coding = AcceptEncoding(request.fields).preferred
        else { return self }
        code(coding)
        return self
    }

    /// Whether this content could be coded, or stands for content that could: a 304 varies as its 200 does.
    private var mayBeCoded: Bool {
        if status == .notModified { return true }
        guard !fields.isCoded else { return false }
        if fields.isValue(of: .contentType, "application/json") { return true }
        return fields[.contentType].flatMap { MediaType($0) }?.isCompressible ?? false
    }

    private mutating func code(_ coding: ContentCoding) {
        var deflater = Deflater(coding)
        var coded: [UInt8] = []
        switch body {
        case .bytes(let bytes): bytes.withUnsafeBytes { deflater.encode($0, into: &coded, isLast: true) }
        case .shared(let shared): deflater.encode(shared.buffer, into: &coded, isLast: true)
        case .none, .stream: return
        }
        body = .bytes(coded)
        fields[.contentEncoding] = coding.rawValue
        codeEntityTag(coding)
    }

    /// Gives a strong tag the coding's suffix: it names these octets, and others carry it without.
    private mutating func codeEntityTag(_ coding: ContentCoding) {
        guard let text = fields[.eTag] else { return }
        var reader = FieldReader(Array(text.utf8)[...])
        guard let tag = EntityTag(&reader), !tag.isWeak else { return }
        fields[.eTag] = tag.coded(coding).description
    }
}
