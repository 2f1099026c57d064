package import HTTP
import HTTPTypes
package import Web

/// How a call ended, and what is said of it.
package struct Status: Sendable, Equatable {
    package var code: StatusCode
    /// What went wrong, for people; empty if all went well.
    package var message: String
    /// The code of the problem, for programs.
    package var problemCode: String?
    /// The seconds after which another try may go better.
    package var retryAfter: Int?

    package init(_ code: StatusCode, _ message: String = "") {
        self.code = code
        self.message = message
    }

    /// What follows the messages of a call that went well.
    static let okTrailers = Status(.ok).trailers

    package init(_ problem: Problem) {
        self.init(StatusCode(problem.code), problem.detail)
        problemCode = problem.code.rawValue
        retryAfter = problem.fields[.retryAfter].flatMap { Int($0) }
    }

    /// Creates the status of a call that threw `error`.
    package init(_ error: any Error) {
        switch error {
        case let failure as CallFailure: self.init(failure.code, failure.message)
        case let error as ProtobufError: self.init(CallFailure.malformed(error))
        case RequestStream.Failure.timedOut: self.init(CallFailure.stalled)
        case RequestStream.Failure.overloaded: self.init(CallFailure.overloaded)
        case RequestStream.Failure.draining: self.init(CallFailure.goingDown)
        case RequestStream.Failure.cancelled: self.init(CallFailure.abandoned)
        case is GrantedStream.Revoked: self.init(Problem(.unauthorized, "The key of this stream is let in no more."))
        default: self.init(Problem(error))
        }
    }

    /// Creates the status of a call that the server refused before anybody saw it.
    package init(_ refusal: Refusal) {
        let code: StatusCode =
            switch refusal.status.code {
            case 408: .deadlineExceeded
            case 413, 429, 431: .resourceExhausted
            case 503: .unavailable
            default: .invalidArgument
            }
        self.init(code, refusal.detail)
        problemCode = refusal.code
        retryAfter = refusal.retryAfter
    }

    /// The fields that follow the messages.
    package var trailers: ResponseFields {
        var fields: ResponseFields = [:]
        fields.append("grpc-status", decimal: code.rawValue)
        if !message.isEmpty { fields.append("grpc-message", StatusMessage.encoded(message)) }
        if let problemCode { fields.append("callpath-code", problemCode) }
        if let retryAfter { fields.append("grpc-retry-pushback-ms", decimal: max(0, min(retryAfter, 86_400)) * 1_000) }
        return fields
    }

    /// The answer to a call that fails before any message: one block of fields (Trailers-Only).
    package var response: Response {
        Response(status: .ok, fields: Status.answerFields, trailers: trailers)
    }

    /// The fields before the messages of any answer.
    static let answerFields: ResponseFields = [
        .contentType: "application/grpc", .grpcAcceptEncoding: MessageCoding.all,
    ]
}

extension HTTPField.Name {
    static let grpcTimeout = constant("grpc-timeout")
    static let grpcEncoding = constant("grpc-encoding")
    static let grpcAcceptEncoding = constant("grpc-accept-encoding")
}
