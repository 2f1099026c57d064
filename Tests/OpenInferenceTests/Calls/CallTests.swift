import GRPC
import HTTP
import HTTPTypes
import JSON
import Logging
import ModuleAPI
import OpenInference
import Serving
import Synchronization
import Testing
import TestServer

@testable import Web

/// What is true of calls whatever their method.
@Suite(.timeLimit(.minutes(5)))
struct CallTests {
    private let caller = Caller()

    @Test(
        arguments: [
            ("application/grpc", 0), ("Application/GRPC+proto; a=b", 0), ("application/grpc+json", nil),
            ("application/grpc-web", nil), ("application/json", nil), ("", nil),
        ] as [(String, Int?)]
    )
    func takesItsOwnContentAlone(type: String, status: Int?) async {
        let outcome = await caller.call("ServerLive", [.contentType: type])
        #expect(outcome.status == status)
        #expect(outcome.response.status.code == (status == nil ? 415 : 200))
    }

    @Test func isServedOverHTTP2Alone() async {
        let fields: HTTPFields = [.contentType: "application/grpc"]
        for path in ["/inference.GRPCInferenceService/ServerLive", "/elsewhere"] {
            let answer = Received(
                await caller.handler(Request(method: .post, target: path, fields: fields)).response
            )
            #expect(answer.status == 415)
            #expect(answer.fields[.contentType] == "application/problem+json")
        }
        let path = "/inference.GRPCInferenceService/ServerLive"
        let get = Received(await caller.handler(Request(method: .get, target: path, version: .http2)).response)
        #expect(get.status == 405)
        #expect(get.fields[.allow]?.contains("POST") == true)
    }

    @Test(
        arguments: [
            "/inference.GRPCInferenceService/TraceSetting", "/grpc.health.v1.Health/List", "/nothing", "/v2",
            "/inference.GRPCInferenceService/SystemSharedMemoryStatus",
        ]
    )
    func saysWhatIsNotThere(path: String) async {
        let outcome = await caller.send(path: path)
        #expect(outcome.status == 12)
        #expect(outcome.response.status == .ok)
        #expect(outcome.response.body.count == 0)
        #expect(outcome.message?.contains(path) == true)
    }

    @Test(
        arguments: [
            ([], 12, "expected one message, got none"),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 12, "expected one message, got 2"),
            ([2, 0, 0, 0, 0], 3, "0 or 1, got 2"), ([1, 0, 0, 0, 0], 13, "grpc-encoding does not say how"),
            ([0, 0, 0, 0, 1], 3, "ends within a message"), ([0, 0, 0, 0, 1, 0x0A], 3, "ends within a field"),
            ([0, 0x7F, 0, 0, 0], 8, "a message may have 67108864 octets"),
        ] as [([UInt8], Int, String)]
    )
    func saysWhatIsWrongWithAMessage(body: [UInt8], status: Int, words: String) async {
        let outcome = await caller.send(path: "/inference.GRPCInferenceService/ModelReady", body: body)
        #expect(outcome.status == status)
        #expect(outcome.message?.contains(words) == true, "\(outcome.message ?? "")")
    }

    @Test func readsAMessageWhileItComes() async throws {
        let stream = RequestStream()
        let body = Caller.frame(Caller.message { $0.field(1, "fc") })
        async let outcome = caller.send(path: "/inference.GRPCInferenceService/ModelReady", stream: stream)
        for octet in body {
            [octet].withUnsafeBufferPointer { stream.append($0) }
            await Task.yield()
        }
        stream.finish()
        #expect(await outcome.status == 0)
        // Its head alone decides whether it is read on.
        let endless = RequestStream()
        [UInt8]([0, 0xFF, 0xFF, 0xFF, 0xFF]).withUnsafeBufferPointer { endless.append($0) }
        #expect(await caller.send(path: "/inference.GRPCInferenceService/ModelReady", stream: endless).status == 8)
    }

    @Test(arguments: ["gzip", "deflate"])
    func answersCompressedWhatWasAskedCompressed(coding: String) async throws {
        let fields: HTTPFields = [
            .constant("grpc-encoding"): coding, .constant("grpc-accept-encoding"): "identity, \(coding)",
        ]
        let reflection = "grpc.reflection.v1.ServerReflection"
        let message = Caller.message { $0.element(3, "open_inference.proto") }
        let outcome = await caller.call("ServerReflectionInfo", of: reflection, fields, messages: [message])
        #expect(outcome.response.fields[.constant("grpc-encoding")] == coding)
        #expect(outcome.response.fields[.constant("grpc-accept-encoding")] == "identity,deflate,gzip")
        let known = try #require(ContentCoding(rawValue: coding))
        let decoded = try known.decoded(outcome.only, limit: 100_000)
        #expect(try Fields(decoded).messages(4).first?.bytes(1).first?.count ?? 0 > 6_000)
    }

    @Test func namesTheCodingsThatItKnows() async {
        let outcome = await caller.call("ServerLive", [.constant("grpc-encoding"): "br"])
        #expect(outcome.status == 12)
        #expect(outcome.response.fields[.constant("grpc-accept-encoding")] == "identity,deflate,gzip")
    }

    /// HTTP's status is always 200; a stream has its line once it is over.
    @Test func logsHowEachCallEnded() async throws {
        let lines = Mutex<[AccessLine]>([])
        let log = AccessLog(level: .info) { line in lines.withLock { $0.append(line) } }
        let caller = Caller(Server(accessLog: log))
        try await caller.server.createTutorialLayer()
        lines.withLock { $0 = [] }
        let writing: Writing = { $0.field(1, "fc") }
        // A probe that succeeds has no line.
        _ = await caller.call("ModelReady", [:], writing)
        _ = await caller.call("ModelMetadata", [:], writing)
        _ = await caller.call("ModelMetadata") { $0.field(1, "absent") }
        _ = await caller.call("ModelStreamInfer", messages: [])
        _ = await caller.call("Watch", of: "grpc.health.v1.Health", [.constant("grpc-timeout"): "20m"])
        _ = await caller.send(path: "/nothing")
        while lines.withLock(\.count) < 5 { await Task.yield() }
        let found = lines.withLock { $0 }
        #expect(
            found.map { $0.target.split(separator: "/").last } == [
                "ModelMetadata", "ModelMetadata", "ModelStreamInfer", "Watch", "nothing",
            ]
        )
        #expect(found.map(\.callStatus) == [0, 5, 0, 4, 12])
        #expect(found.allSatisfy { $0.status == 200 })
        #expect(found.map(\.bytesOut).dropFirst() == [0, 0, 7, 0])
        #expect(found.map(\.bytesIn) == [9, 13, 0, 5, 0])
    }

    @Test(arguments: [("1", 3), ("0n", 4), ("1H", 0)])
    func keepsTheDeadline(timeout: String, status: Int) async throws {
        try await caller.server.createTutorialLayer()
        let outcome = await caller.call("ModelMetadata", [.constant("grpc-timeout"): timeout]) { $0.field(1, "fc") }
        #expect(outcome.status == status)
    }

    @Test func endsAWatchAtItsDeadline() async {
        let outcome = await caller.call("Watch", of: "grpc.health.v1.Health", [.constant("grpc-timeout"): "20m"])
        #expect(outcome.status == 4)
        #expect(outcome.messages == [[8, 1]])
    }

    @Test(
        arguments: [
            ("", 0, 1), ("inference.GRPCInferenceService", 0, 1), ("readiness", 0, 1), ("liveness", 0, 1),
            ("other", 5, nil),
        ] as [(String, Int, UInt8?)]
    )
    func checksHealth(service: String, status: Int, health: UInt8?) async {
        let outcome = await caller.call("Check", of: "grpc.health.v1.Health") { $0.field(1, service) }
        #expect(outcome.status == status)
        #expect(outcome.only == (health.map { [8, $0] } ?? []))
    }

    @Test func tellsWhoeverWatchesOfEachChange() async throws {
        let request = Request(
            method: .post,
            target: "/grpc.health.v1.Health/Watch",
            version: .http2,
            fields: [.contentType: "application/grpc"],
            body: Caller.frame([])
        )
        guard case .stream(let produce) = await caller.handler(request).response.body else {
            Issue.record("a watch is a stream")
            return
        }
        let writer = CollectingWriter()
        let watch = Task { try await produce(writer) }
        while writer.octets.count < 7 { await Task.yield() }
        caller.server.api.readiness.phase = .draining
        while writer.octets.count < 14 { await Task.yield() }
        caller.health.finish()
        try await watch.value
        #expect(writer.octets == Caller.frame([8, 1]) + Caller.frame([8, 2]))
        #expect(writer.trailers?[.grpcStatus] == "14")
    }

    @Test func isNotReadyWhileLoading() async throws {
        caller.server.api.readiness.phase = .loading
        #expect(await caller.call("ServerReady").only.isEmpty)
        #expect(await caller.call("ServerReady").status == 0)
        #expect(await caller.call("ServerLive").only == [8, 1])
        #expect(await caller.call("ModelReady") { $0.field(1, "absent") }.status == 0)
        #expect(await caller.call("Check", of: "grpc.health.v1.Health").only == [8, 2])
    }

    @Test func wantsKeysWhereRESTWantsThem() async throws {
        let keys = KeyRing([
            AccessKey(name: "caller", scopes: [.infer], digest: KeyDigest(of: "secret"))
        ])
        let caller = Caller(rules: AccessRules(keys: keys))
        let key: HTTPFields = [.authorization: "Bearer secret"]
        let other: HTTPFields = [.authorization: "Bearer other"]
        for method in ["ServerLive", "ServerReady", "ServerMetadata"] { #expect(await caller.call(method).status == 0) }
        for method in ["ModelReady", "RepositoryIndex"] {
            #expect(await caller.call(method).status == 16)
            #expect(await caller.call(method, other).status == 16)
            #expect(await caller.call(method, key).status == 0)
        }
        for method in ["RepositoryModelLoad", "RepositoryModelUnload"] {
            #expect(await caller.call(method, key).status == 7)
        }
    }

    @Test func loadsAndUnloads() async throws {
        try await caller.server.createTutorialLayer()
        let binary: HTTPFields = [.accept: "application/x-safetensors"]
        let file = await caller.server.send(.get, "/v1/modules/fc/state_dict", binary).body
        func load(_ name: String, _ parameters: [(String, Writing)]) async -> Caller.Outcome {
            await caller.call("RepositoryModelLoad") { writer in
                writer.field(2, name)
                for (name, value) in parameters {
                    writer.message(3) { writer in
                        writer.element(1, name)
                        writer.message(2, value)
                    }
                }
            }
        }
        let bytes: Writing = { writer in file.withUnsafeBytes { writer.element(4, $0) } }
        let description = #"{"type": "Linear", "in_features": 4, "out_features": 3, "bias": false}"#
        #expect(await load("copy", [("file:1/model.safetensors", bytes)]).status == 3)
        let loaded = await load(
            "copy",
            [("config", { $0.element(3, description) }), ("file:1/model.safetensors", bytes)]
        )
        #expect(loaded.status == 0, "\(loaded.message ?? "")")
        let index = try Fields(await caller.call("RepositoryIndex") { $0.field(2, true) }.only).messages(1)
        #expect(index.map { $0.text(1) } == ["copy", "fc"])
        #expect(index.map { $0.text(3) } == ["READY", "READY"])
        #expect(await caller.call("RepositoryModelUnload") { $0.field(2, "copy") }.status == 0)
        #expect(await caller.call("ModelReady") { $0.field(1, "copy") }.only.isEmpty)
        #expect(await caller.call("RepositoryModelUnload") { $0.field(2, "copy") }.status == 5)
    }

    @Test func countsCalls() async {
        _ = await caller.call("ServerLive")
        _ = await caller.send(path: "/made/up")
        _ = await caller.call("ModelMetadata") { $0.field(1, "absent") }
        let text = await caller.server.get("/metrics").text
        for line in [
            #"callpath_grpc_requests_total{method="/inference.GRPCInferenceService/ServerLive",status="0"} 1"#,
            #"callpath_grpc_requests_total{method="none",status="12"} 1"#,
            #"callpath_grpc_requests_total{method="/inference.GRPCInferenceService/ModelMetadata",status="5"} 1"#,
        ] { #expect(text.contains(line)) }
    }
}
