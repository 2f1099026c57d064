import HTTP
import HTTPTypes
import JSON

extension Exchange {
    /// Returns the form to answer in, the best of `offer` unless the client prefers another.
    ///
    /// - Throws: 406 if it takes none of them.
    package func representation(among offer: Offer) throws(Problem) -> Representation {
        if let representation = offer.best(for: request.fields) { return representation }
        let names = offer.representations.map(\.rawValue)
        throw Problem(
            .notAcceptable,
            "This resource can be had as \(names.joined(separator: ", ")).",
            expected: .array(names.map { .string($0) }),
            got: request.fields[.accept].map { .string($0) }
        )
    }

    /// Returns the form to answer in, also to a client that takes none of them (RFC 9110, section 12.4.1).
    package func anyRepresentation(among offer: Offer) -> Representation {
        offer.best(for: request.fields) ?? offer.representations[0]
    }

    /// Returns the form of the request's body.
    ///
    /// - Throws: 415 if it is none of `taken`, or not named.
    package func bodyType(among taken: [Representation]) throws(Problem) -> Representation {
        let name = request.fields.onlyOctets(of: .contentType)
        if let name, let named = taken.first(where: { $0.isNamed(name) }) { return named }
        let type = name.flatMap { MediaType($0) }
        if let type, let representation = taken.first(where: { $0.matches(type) }) { return representation }
        let names = taken.map(\.rawValue)
        throw Problem(
            .unsupportedMediaType,
            "The body of this request must be \(names.joined(separator: " or ")), named in Content-Type.",
            expected: .array(names.map { .string($0) }),
            got: request.fields[.contentType].map { .string($0) } ?? .null,
            fields: [.accept: names.joined(separator: ", ")]
        )
    }
}
