import HTTP
import HTTPTypes
import JSON

/// An error that says itself what problem it is for a client.
package protocol ProblemConvertible: Error {
    /// The problem for a client.
    var problem: Problem { get }
}

extension Problem {
    /// Creates the problem that `error` is for a client; one that cannot say so is a defect.
    package init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as any ProblemConvertible: self = error.problem
        case let error as ContentCodingError: self.init(error)
        case is CancellationError: self.init(.draining, "The server is going down.", fields: [.retryAfter: "1"])
        default: self.init(.internalError, "This is a defect of the server; its log says more.")
        }
    }

    private init(_ error: ContentCodingError) {
        switch error {
        case .unknownCoding:
            self.init(
                .unsupportedContentCoding,
                "Bodies may be coded as \(ContentCoding.all).",
                fields: [.acceptEncoding: ContentCoding.all]
            )
        case .corrupt: self.init(.malformedContentCoding, "The body is not what its Content-Encoding says.")
        case .tooLarge(let limit):
            self.init(
                .bodyTooLarge,
                "The decoded body is larger than \(limit) bytes.",
                expected: .number(.int(Int64(limit)))
            )
        }
    }
}
