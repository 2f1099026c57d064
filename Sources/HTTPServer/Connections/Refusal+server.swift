import HTTP
import HTTPTypes

extension Refusal {
    /// What a server says that has no room.
    static let overloaded = Refusal(
        status: .serviceUnavailable,
        code: "overloaded",
        detail: "The server has no room for another request; try again later.",
        retryAfter: 1
    )

    /// What a client is told that did not finish its request in time.
    static let requestTimeout = Refusal(
        status: .requestTimeout,
        code: "request_timeout",
        detail: "The request did not arrive in time."
    )

    /// What plain HTTP is told on a TLS port.
    static let plainTextOnTLSPort = Refusal(
        status: .badRequest,
        code: "https_required",
        detail: "This port speaks HTTPS; the request came as plain HTTP."
    )
}
