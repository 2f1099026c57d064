import HTTPTypes

/// What the parser knows at the end of a head, beside its field lines.
struct RequestHead: Sendable {
    var method: HTTPRequest.Method
    var version: Request.Version
    var target: TargetRange
    var framing: BodyFraming
    var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool
}

/// How the body of a request ends (RFC 9112 6.3).
enum BodyFraming: Sendable, Equatable {
    case length(Int)
    case chunked
}
