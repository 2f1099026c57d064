package import HTTP
import HTTPTypes
package import Web

/// A method of a service.
package struct Method: Sendable {
    /// Answers one message with one: its octets, behind free ones, are the content of the response.
    package typealias Unary = @Sendable (Call, MessageBytes) throws -> Reply<any Error>
    /// Answers messages while they come; what it throws is the status in the end.
    package typealias Streaming = @Sendable (Call, MessageSource, MessageSink) async throws -> Void

    /// How it is called.
    package enum Body: Sendable {
        case unary(Unary)
        case streaming(Streaming)
    }

    /// The service's full name.
    package let service: String
    package let name: String
    /// Who may call it.
    package let scope: Scope
    /// Whether balancers and monitors call it all the time.
    package let isProbe: Bool
    let body: Body

    package init(_ service: String, _ name: String, scope: Scope, isProbe: Bool = false, _ body: Body) {
        self.service = service
        self.name = name
        self.scope = scope
        self.isProbe = isProbe
        self.body = body
    }

    package var path: String { "/\(service)/\(name)" }
}

extension Response {
    /// Creates the answer that is a message, written behind free octets.
    package init(_ message: ProtobufWriter) {
        self.init(status: .ok, body: .bytes(message.octets))
    }
}
