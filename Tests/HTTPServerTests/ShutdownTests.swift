import HTTP
import HTTPTypes
import Metrics
import Synchronization
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(5)))
struct ShutdownTests {
    @Test func finishesWhatIsInFlight() async throws {
        let isRunning = Atomic<Bool>(false)
        try await withServer { request in
            isRunning.store(true, ordering: .relaxed)
            try? await Task.sleep(for: .milliseconds(300))
            return hello(request)
        } _: { server, port in
            async let text = blocking {
                let client = try RawClient(port: port)
                try client.send(get("/slow"))
                return try client.receiveAll()
            }
            try await eventually { isRunning.load(ordering: .relaxed) }
            #expect(await server.shutdown(grace: .seconds(10)) == 0)
            let answer = try await text
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.hasSuffix("/slow"))
        }
    }

    @Test func closesIdleConnectionsAndTheListener() async throws {
        try await withServer { server, port in
            let idle = try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                try client.receive(until: "\r\n\r\n/")
                client.forget()
                return Kept(client)
            }
            #expect(await server.shutdown(grace: .seconds(10)) == 0)
            #expect(try await blocking { try idle.value.receiveAll() }.isEmpty)
            await #expect(throws: RawClient.Failure.self) { try await blocking { _ = try RawClient(port: port) } }
        }
    }

    @Test func cutsOffWhatOutlastsTheGrace() async throws {
        let isRunning = Atomic<Bool>(false)
        let isCancelled = Atomic<Bool>(false)
        try await withServer { request in
            isRunning.store(true, ordering: .relaxed)
            try? await Task.sleep(for: .seconds(3600))
            isCancelled.store(Task.isCancelled, ordering: .relaxed)
            return hello(request)
        } _: { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                return Kept(client)
            }
            try await eventually { isRunning.load(ordering: .relaxed) }
            #expect(await server.shutdown(grace: .milliseconds(100)) == 1)
            try await eventually { isCancelled.load(ordering: .relaxed) }
            _ = client
        }
    }

    @Test func aSecondSignalCutsAtOnce() async throws {
        let isRunning = Atomic<Bool>(false)
        try await withServer { request in
            isRunning.store(true, ordering: .relaxed)
            try? await Task.sleep(for: .seconds(3600))
            return hello(request)
        } _: { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send(get("/"))
                return Kept(client)
            }
            try await eventually { isRunning.load(ordering: .relaxed) }
            async let cutOff = server.shutdown(grace: .seconds(3600))
            server.shutdownNow()
            #expect(await cutOff == 1)
            _ = client
        }
    }

    @Test func namesItsMetricsByTheConventions() async throws {
        try await withServer { server, _ in
            #expect(server.configuration.metrics.problems.isEmpty)
        }
    }

    @Test func startsOnceOnly() async throws {
        try await withServer { server, _ in
            await #expect(throws: ServerError.alreadyStarted) { _ = try await server.start() }
        }
    }

    @Test func saysWhyItCannotListen() async throws {
        try await withServer { _, port in
            var configuration = HTTPServer.Configuration()
            configuration.port = port
            let second = try HTTPServer(configuration: configuration) { .now(hello($0)) }
            await #expect(throws: ServerError.cannotListen(host: "127.0.0.1", port: port, errno: 98)) {
                try await second.start()
            }
        }
    }
}
