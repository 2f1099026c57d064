import HTTPTypes

/// Putting content codings on answers, where it pays.
extension Response {
    /// Octets below which coding costs more than it saves.
    package static let minimumCompressedByteCount = 1_024
    /// Octets up to which content is coded whole, so that its length is known; more are coded as the client takes them.
    package static let maximumWholeByteCount = 1_048_576

    /// Makes this answer one that `request` likes best: coded if the client asks for it and the content is worth it.
    ///
    /// Content that comes over time is coded piece by piece, each of which can be decoded as soon as it has come.
    /// Content that could be coded says `Vary: Accept-Encoding` even when it is not, so that no cache mixes them up.
    package mutating func compress(for request: Request) {
        guard mayBeCoded else { return }
        fields.varyByCoding()
        guard status != .notModified else { return confirmTag(for: request) }
        guard body.count ?? .max >= Self.minimumCompressedByteCount,
            let coding = AcceptEncoding(request.fields).preferred
        else { return }
        code(coding)
    }

    /// Returns this answer with its content under `coding`, as small as it gets: for content that is coded once and answered
    /// often.
    package consuming func coded(_ coding: ContentCoding) -> Response {
        code(coding, .best)
        return self
    }

    private mutating func code(_ coding: ContentCoding, _ effort: Deflater.Effort = .fast) {
        body = body.coded(coding, effort)
        fields[.contentEncoding] = coding.rawValue
        codeEntityTag(coding)
    }

    /// Returns this answer as `request` likes it best.
    package consuming func compressed(for request: Request) -> Response {
        compress(for: request)
        return self
    }

    /// Whether this content could be coded, or stands for content that could: a 304 varies as its 200 does.
    private var mayBeCoded: Bool {
        guard !fields.isPlain else { return false }
        return status == .notModified || !fields.isCoded && (fields.variesByCoding || fields.isCompressible)
    }

    /// Names in a 304 the coded octets that the client holds, if those are what it would get (RFC 9110 15.4.5).
    private mutating func confirmTag(for request: Request) {
        var reader = FieldReader(Array((fields[.eTag] ?? "").utf8)[...])
        guard let coding = AcceptEncoding(request.fields).preferred, let tag = EntityTag(&reader),
            case .list(let held)? = Preconditions(request.fields).ifNoneMatch,
            held.contains(where: { $0.opaque == tag.coded(coding).opaque })
        else { return }
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
