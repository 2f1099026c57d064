import GRPC
import HTTP
import HTTPTypes
import ModuleAPI
import OpenInference
import Serving
import TestServer
import Testing

@testable import Web

/// `ModelStreamInfer`: many requests, answered in their order.
@Suite(.timeLimit(.minutes(5)))
struct StreamInferTests {
    private let caller = Caller()

    private static func request(_ id: Int, model: String = "fc") -> [UInt8] {
        Caller.message { writer in
            writer.field(1, model)
            writer.field(3, String(id))
            writer.message(4) { writer in
                writer.element(1, "triton_enable_empty_final_response")
                writer.message(2) { $0.choice(1, true) }
            }
            writer.message(5) { writer in
                writer.field(1, "input")
                writer.field(2, "FP32")
                writer.packed(3, [1, 4])
            }
            [UInt8](floats: [Float(id), 0, 0, 0]).withUnsafeBytes { writer.element(7, $0) }
        }
    }

    @Test func answersInTheOrderOfTheRequests() async throws {
        try await caller.server.createTutorialLayer()
        let outcome = await caller.call("ModelStreamInfer", messages: (0..<100).map { Self.request($0) })
        #expect(outcome.status == 0)
        let answers = try outcome.messages.map { try #require(try Fields($0).messages(2).first) }
        #expect(answers.map { $0.text(3) } == (0..<100).map(String.init))
        #expect(answers.map { $0.bytes(6).first?.floats.first } == (0..<100).map { Float($0) })
        #expect(try answers.allSatisfy { try $0.messages(4).map { $0.text(1) } == ["triton_final_response"] })
    }

    @Test func goesOnBehindARequestThatFails() async throws {
        try await caller.server.createTutorialLayer()
        let messages = [Self.request(1), Self.request(2, model: "absent"), [0x0A], Self.request(4)]
        let outcome = await caller.call("ModelStreamInfer", messages: messages)
        #expect(outcome.status == 0)
        let answers = try outcome.messages.map { try Fields($0) }
        #expect(answers.map { $0.text(1).isEmpty } == [true, false, false, true])
        #expect(answers[1].text(1).contains("'absent'"))
        let failed = try #require(try answers[1].messages(2).first)
        #expect([failed.text(1), failed.text(3)] == ["absent", "2"])
    }

    @Test func endsAtARequestThatFailsIfTheClientLikes() async throws {
        try await caller.server.createTutorialLayer()
        let fields: HTTPFields = [.constant("triton_grpc_error"): "true"]
        let messages = [Self.request(1), Self.request(2, model: "absent"), Self.request(3)]
        let outcome = await caller.call("ModelStreamInfer", fields, messages: messages)
        #expect(outcome.status == 5)
        #expect(outcome.messages.count == 1)
    }

    @Test func answersWhileRequestsCome() async throws {
        try await caller.server.createTutorialLayer()
        let stream = RequestStream()
        let request = Request(
            method: .post,
            target: "/inference.GRPCInferenceService/ModelStreamInfer",
            version: .http2,
            fields: [.contentType: "application/grpc"],
            stream: stream
        )
        guard case .stream(let produce) = await caller.handler(request).response.body else {
            Issue.record("it is a stream")
            return
        }
        let writer = CollectingWriter()
        let running = Task { try await produce(writer) }
        for id in 0..<3 {
            let length = writer.octets.count
            Caller.frame(Self.request(id)).withUnsafeBufferPointer { stream.append($0) }
            while writer.octets.count == length { await Task.yield() }
        }
        stream.finish()
        try await running.value
        #expect(writer.trailers?[.grpcStatus] == "0")
    }

    @Test func endsWithTheKeyThatItWasGranted() async throws {
        let key = AccessKey(name: "caller", scopes: [.infer], digest: KeyDigest(of: "secret"))
        let keys = KeyRing([key])
        let caller = Caller(rules: AccessRules(keys: keys))
        try await caller.server.createTutorialLayer()
        let stream = RequestStream()
        let request = Request(
            method: .post,
            target: "/inference.GRPCInferenceService/ModelStreamInfer",
            version: .http2,
            fields: [.contentType: "application/grpc", .authorization: "Bearer secret"],
            stream: stream
        )
        guard case .stream(let produce) = await caller.handler(request).response.body else {
            Issue.record("it is a stream")
            return
        }
        let writer = CollectingWriter()
        let running = Task { try await produce(writer) }
        Caller.frame(Self.request(1)).withUnsafeBufferPointer { stream.append($0) }
        while writer.octets.isEmpty { await Task.yield() }
        keys.replace(with: [])
        try await running.value
        #expect(writer.trailers?[.grpcStatus] == "16")
        #expect(writer.trailers?[.constant("callpath-code")] == "unauthorized")
    }

    @Test(arguments: ["ModelStreamInfer", "ServerReflectionInfo"])
    func endsWhereTheServerDrains(method: String) async throws {
        try await caller.server.createTutorialLayer()
        let isInference = method == "ModelStreamInfer"
        let service = isInference ? Caller.inference : "grpc.reflection.v1.ServerReflection"
        let stream = RequestStream()
        async let outcome = caller.send(path: "/\(service)/\(method)", stream: stream)
        let message = isInference ? Self.request(1) : Caller.message { $0.element(7, "*") }
        Caller.frame(message).withUnsafeBufferPointer { stream.append($0) }
        stream.drain()
        #expect(await outcome.messages.count == 1)
        #expect(await outcome.status == 14)
    }

    /// The one message of such a call is due from the start.
    @Test func waitsForTheMessageOfACallWhereTheServerDrains() async throws {
        let stream = RequestStream()
        stream.drain()
        async let outcome = caller.send(path: "/\(Caller.inference)/ServerLive", stream: stream)
        while !stream.isDue { await Task.yield() }
        Caller.frame([]).withUnsafeBufferPointer { stream.append($0) }
        stream.finish()
        #expect(await outcome.status == 0)
    }

    @Test func countsEachRequestForTheRate() async throws {
        let limits = AdmissionLimits(requestsPerSecond: 0.001, burst: 3)
        let caller = Caller(rules: AccessRules(limits: limits))
        try await caller.server.createTutorialLayer()
        let outcome = await caller.call("ModelStreamInfer", messages: (0..<5).map { Self.request($0) })
        #expect(outcome.status == 8)
        #expect(outcome.messages.count <= 3)
        #expect(outcome.message?.contains("Too many requests") == true)
    }
}
