import HTTP
import Glibc
import HTTPTypes
import Metrics

@testable import HTTPServer

/// A handler as most tests write it.
typealias WaitingHandler = @Sendable (Request) async -> Response

/// Runs `body` beside a server on a free port, and shuts the server down behind it.
///
/// Without a handler that may wait, the server answers `hello` at once.
@discardableResult
func withServer<Result: Sendable>(
    limits: ServerLimits = ServerLimits(),
    configuration: HTTPServer.Configuration = HTTPServer.Configuration(),
    handler: WaitingHandler? = nil,
    _ body: @Sendable (HTTPServer, Int) async throws -> Result
) async throws -> Result {
    var configuration = configuration
    configuration.port = 0
    configuration.limits = limits
    let server = try HTTPServer(configuration: configuration) { request in
        guard let handler else { return .now(hello(request)) }
        return .later { await handler(request) }
    }
    let port = try await server.start().main.first?.port ?? 0
    do {
        let result = try await body(server, port)
        await server.shutdown(grace: .zero)
        return result
    } catch {
        await server.shutdown(grace: .zero)
        throw error
    }
}

/// Runs one client's blocking `script` beside a server.
@discardableResult
func withClient<Result: Sendable>(
    limits: ServerLimits = ServerLimits(),
    configuration: HTTPServer.Configuration = HTTPServer.Configuration(),
    handler: WaitingHandler? = nil,
    _ script: @escaping @Sendable (RawClient) throws -> Result
) async throws -> Result {
    try await withServer(limits: limits, configuration: configuration, handler: handler) { _, port in
        try await blocking { try script(RawClient(port: port)) }
    }
}

/// Answers what it was asked: the path for a request without a body, else the number of octets of the body.
func hello(_ request: Request) -> Response {
    let text = request.body.isEmpty ? request.target : "\(request.body.count)"
    return Response(status: .ok, fields: [.contentType: "text/plain"], body: .bytes(Array(text.utf8)))
}

/// A request that asks for `path` and lets the connection live.
func get(_ path: String) -> String {
    "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n"
}

struct NeverHappened: Error {}

/// Waits until `condition` holds, at most ten seconds.
func eventually(_ condition: @Sendable () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened() }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension HTTPServer {
    /// Whether `line` stands in what the server's metrics say now.
    func exposes(_ line: String) -> Bool {
        String(decoding: configuration.metrics.expose(), as: UTF8.self).contains(line)
    }
}

/// Returns a client that reads no more, once most of the 30 MB that it asked for wait in the server's memory.
func slowReader(of server: HTTPServer, port: Int) async throws -> Kept {
    let slow = try await blocking {
        let slow = try RawClient(port: port, receiveBuffer: 4096)
        try slow.send(get("/large"))
        try slow.receive()
        return Kept(slow)
    }
    try await eventually { server.exposes("callpath_held_answer_bytes 3") }
    return slow
}
