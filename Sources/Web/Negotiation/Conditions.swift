package import HTTP
import HTTPTypes
import JSON

extension Exchange {
    /// Returns the answer 304 if the client already holds the representation that `tag` names.
    ///
    /// - Throws: 412 if the client wants another version (`If-Match`).
    package func notModified(_ tag: EntityTag) throws(Problem) -> Response? {
        switch Preconditions(request.fields).verdict(current: tag, isRead: true) {
        case .proceed: return nil
        case .notModified: return Response(status: .notModified, fields: .versioned(tag))
        case .failed:
            throw Problem(
                .preconditionFailed,
                "If-Match names another version.",
                expected: request.fields[.ifMatch].map { .string($0) },
                got: .string(tag.description)
            )
        }
    }
}
