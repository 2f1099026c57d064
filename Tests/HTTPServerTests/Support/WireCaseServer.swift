import HTTP
import HTTPTypes
import Synchronization

/// The application that `wire-cases.tsv` has in mind, and a memory of what reached it.
final class WireCaseServer: Sendable {
    /// What of a request says that it was read as it was meant.
    struct Seen: Equatable {
        let method: String
        let target: String
        let body: [UInt8]

        init(_ request: Request) {
            method = request.method.rawValue
            target = request.target
            body = request.body
        }
    }

    private let requests = Mutex<[Seen]>([])

    /// What has reached the handler, in order.
    var seen: [Seen] { requests.withLock { $0 } }

    /// Answers `request`.
    @Sendable func handle(_ request: Request) -> Response {
        requests.withLock { $0.append(Seen(request)) }
        guard Self.implemented.contains(request.method) else { return Response(status: .notImplemented) }
        if request.method == .options { return Response(status: .noContent, fields: [.allow: Self.allowed]) }
        switch request.pathSegments() {
        case [] where Self.isRead(request): return text("base")
        case ["stream"] where Self.isRead(request): return stream
        case ["echo"] where request.method == .post: return echo(request)
        case [], ["stream"], ["echo"]: return Response(status: .methodNotAllowed, fields: [.allow: Self.allowed])
        default: return Response(status: .notFound)
        }
    }

    private static let implemented: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .delete, .options, .patch, .trace,
    ]
    private static let allowed = "GET, HEAD, POST, OPTIONS"

    private static func isRead(_ request: Request) -> Bool {
        request.method == .get || request.method == .head
    }

    private func text(_ text: String) -> Response {
        Response(status: .ok, fields: [.contentType: "text/plain"], body: .bytes(Array(text.utf8)))
    }

    private var stream: Response {
        Response(
            status: .ok,
            fields: [.contentType: "text/plain"],
            body: .stream { writer in
                try await writer.write(Array("ba".utf8))
                try await writer.write(Array("se".utf8))
            }
        )
    }

    private func echo(_ request: Request) -> Response {
        guard request.fields[.contentType] != "text/xml" else { return Response(status: .unsupportedMediaType) }
        return Response(status: .ok, fields: [.contentType: "text/plain"], body: .bytes(request.body))
    }
}
