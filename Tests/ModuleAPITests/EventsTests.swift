import HTTP
import HTTPTypes
import JSON
import Serving
import Synchronization
import Testing
import TestServer
import Web

@testable import ModuleAPI

@Suite(.timeLimit(.minutes(5)))
struct EventsTests {
    /// Takes what a stream sends, and goes away once it has seen a word.
    private final class Listener: BodyWriter {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)

        func write(_ bytes: [UInt8]) async throws {
            try Task.checkCancellation()
            continuation.yield(String(decoding: bytes, as: UTF8.self))
        }

        /// Returns what comes until `word` is seen in it.
        func text(until word: String) async -> String {
            var text = ""
            for await line in lines {
                text += line
                if text.contains(word) { break }
            }
            return text
        }
    }

    private let server = Server()

    private func stream(
        _ target: String,
        _ fields: HTTPFields = [:],
        on other: Server? = nil
    ) async throws -> (Listener, Task<Void, any Error>) {
        let response = await (other ?? server).handler(Request(method: .get, target: target, fields: fields))
            .response
        #expect(response.status == .ok)
        #expect(response.fields[.contentType] == "text/event-stream")
        guard case .stream(let run) = response.body else { throw CancellationError() }
        let listener = Listener()
        return (listener, Task { try await run(listener) })
    }

    @Test func tellsOfCallsAndCaptures() async throws {
        try await server.createTutorialLayer()
        _ = await server.json(.post, "/v1/modules/fc/hooks", #"{"kind": "forward", "action": {"type": "capture"}}"#)
        let (listener, task) = try await stream("/v1/modules/fc/events")
        #expect(await listener.text(until: "\n\n") == ": listening\n\n")
        _ = await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#)
        let text = await listener.text(until: "event: call")
        #expect(text.contains("event: capture\ndata: {\"name\":\"fc\""))
        #expect(text.contains("\"data\":[30.0,40.0,50.0],\"shape\":[3],\"dtype\":\"float32\"}\n\n"))
        server.api.registry.events.finish()
        try await task.value
    }

    /// A writer that goes on taking what nobody reads.
    private struct Deaf: BodyWriter {
        func write(_ bytes: [UInt8]) async throws {}
    }

    @Test func endsWithItsTask() async throws {
        try await server.createTutorialLayer()
        let request = Request(method: .get, target: "/v1/modules/fc/events")
        guard case .stream(let run) = await server.handler(request).response.body else {
            throw CancellationError()
        }
        let task = Task { try await run(Deaf()) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func filtersByKind() async throws {
        try await server.createTutorialLayer()
        _ = await server.json(.post, "/v1/modules/fc/hooks", #"{"kind": "forward", "action": {"type": "capture"}}"#)
        let (listener, task) = try await stream("/v1/modules/fc/events?kind=call")
        _ = await listener.text(until: "\n\n")
        _ = await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#)
        #expect(!(await listener.text(until: "event: call")).contains("event: capture"))
        server.api.registry.events.finish()
        try await task.value
    }

    @Test func keepsASilentStreamOpen() async throws {
        var options = API.Options()
        options.heartbeat = .milliseconds(1)
        let server = Server(options: options)
        try await server.createTutorialLayer()
        let response = await server.handler(Request(method: .get, target: "/v1/modules/fc/events")).response
        guard case .stream(let run) = response.body else { return #expect(Bool(false), "no stream") }
        let listener = Listener()
        let task = Task { try await run(listener) }
        _ = await listener.text(until: ": idle\n\n: idle\n\n")
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.api.registry.events.listenerCount == 0)
    }

    @Test func tellsWhatAListenerMissed() async throws {
        try await server.createTutorialLayer()
        let (first, _) = try await stream("/v1/modules/fc/events")
        _ = await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#)
        let seen = await first.text(until: "event: call")
        let id = try #require(seen.firstMatch(of: #/id: (.*)\n/#)?.output.1)
        let number = try #require(id.split(separator: ".").last.flatMap { Int($0) })
        _ = await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#)
        let lastID = try #require(HTTPField.Name("Last-Event-ID"))
        let (second, _) = try await stream("/v1/modules/fc/events", [lastID: String(id)])
        #expect(await second.text(until: "event: call").contains(".\(number + 1)\n"))
        server.api.registry.events.finish()
    }

    /// Those of other processes may have the same numbers.
    @Test(arguments: [("PROCESS.1", "5"), ("PROCESS.99999999999", "null"), ("00000000.1", "null"), ("1", "null")])
    func saysHowManyEventsAreForgotten(lastID: String, count: String) async throws {
        var options = ServingOptions()
        options.limits.maxPendingEvents = 2
        let server = Server(serving: options)
        try await server.createTutorialLayer()
        try server.api.registry.events.listen(EventFilter()).close()
        for _ in 0..<8 { _ = await server.json(.post, "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#) }
        let field = try #require(HTTPField.Name("Last-Event-ID"))
        let process = server.api.registry.events.process
        let (listener, _) = try await stream(
            "/v1/modules/fc/events",
            [field: lastID.replacing("PROCESS", with: process)],
            on: server
        )
        let text = await listener.text(until: ".8\n")
        #expect(
            text.hasPrefix(": listening\n\nevent: lost\ndata: {\"count\":\(count)}\n\nid: \(process).7\n"),
            "\(text)"
        )
        server.api.registry.events.finish()
    }

    @Test func refusesTooManyStreams() async throws {
        var options = ServingOptions()
        options.limits.maxListeners = 2
        let server = Server(serving: options)
        try await server.createTutorialLayer()
        let handler = server.handler
        let request = Request(method: .get, target: "/v1/modules/fc/events")
        var open: [Response] = []
        for _ in 0..<2 { open.append(await handler(request).response) }
        let refused = await server.get("/v1/modules/fc/events")
        #expect(refused.status == 429)
        #expect(refused.code == "too_many_streams")
        #expect(refused.fields[.retryAfter] == "1")
        open.removeAll()
        #expect(
            await server.get("/v1/modules/fc/events").status == 200,
            "streams that never began give their place back"
        )
    }

    @Test(arguments: [
        ("/v1/modules/none/events", 404, "module_not_found"),
        ("/v1/modules/fc/events?kind=noise", 400, "malformed_query"),
        ("/v1/modules/fc/events?kind=call,", 400, "malformed_query"),
        ("/v1/modules/fc/events?x=1", 400, "malformed_query"),
    ])
    func refusesStreamsThatMakeNoSense(target: String, status: Int, code: String) async throws {
        try await server.createTutorialLayer()
        let answer = await server.get(target)
        #expect(answer.status == status)
        #expect(answer.code == code)
    }

    @Test(arguments: ["", "x", "-1", "1.2", "0000000g.1", "000000000.1", "00000000.1.1", "00000000.", ".1"])
    func refusesIDsThatNobodyGave(id: String) async throws {
        try await server.createTutorialLayer()
        let field = try #require(HTTPField.Name("Last-Event-ID"))
        let answer = await server.send(.get, "/v1/modules/fc/events", [field: id])
        #expect(answer.status == 400)
        #expect(answer.code == "malformed_field")
    }

    @Test func tellsOfChanges() async throws {
        try await server.createTutorialLayer()
        let (listener, _) = try await stream("/v1/modules/fc/events?kind=change")
        _ = await listener.text(until: "listening")
        _ = await server.json(.put, "/v1/modules/fc/bias", "[1, 2, 3]")
        let text = await listener.text(until: "event: change")
        #expect(text.contains(#"data: {"name":"fc","version":2,"change":"setTensor"}"#), "\(text)")
        _ = await server.send(.delete, "/v1/modules/fc")
        #expect(await listener.text(until: "event: change").contains(#""version":2,"change":"remove"}"#))
        server.api.registry.events.finish()
    }

    @Test func answersHeadWithoutListening() async throws {
        try await server.createTutorialLayer()
        let head = await server.send(.head, "/v1/modules/fc/events")
        #expect(head.status == 200)
        #expect(!head.isStream)
        #expect(await server.get("/v1/modules/fc/events", as: "application/json").status == 406)
    }
}
