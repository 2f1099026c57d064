import GRPC
import HTTP
import HTTPTypes
import JSON
import ModuleAPI
import OpenInference
import Serving
import Testing
import TestServer
import Web

/// `ModelInfer`: the forms of its tensors, and what is wrong with some.
struct InferCallTests {
    private let caller = Caller()

    /// Writes a request for `fc`, whose input of one row is `values`.
    private static func request(
        model: String = "fc",
        version: String = "",
        datatype: String = "FP32",
        shape: [Int] = [1, 4],
        raw: [UInt8]? = nil,
        contents: Writing? = nil,
        parameters: [(String, InferParameter)] = [],
        outputs: [(String, [(String, InferParameter)])] = []
    ) -> Writing {
        { writer in
            writer.field(1, model)
            writer.field(2, version)
            writer.field(3, "seven")
            write(parameters, as: 4, to: &writer)
            writer.message(5) { writer in
                writer.field(1, "input")
                writer.field(2, datatype)
                writer.packed(3, shape)
                if let contents { writer.message(5, contents) }
            }
            for (name, parameters) in outputs {
                writer.message(6) { writer in
                    writer.field(1, name)
                    write(parameters, as: 2, to: &writer)
                }
            }
            if let raw { raw.withUnsafeBytes { writer.element(7, $0) } }
        }
    }

    private static func write(_ parameters: [(String, InferParameter)], as number: Int, to writer: inout ProtobufWriter)
    {
        for (name, parameter) in parameters {
            writer.message(number) { writer in
                writer.element(1, name)
                writer.message(2) { writer in
                    switch parameter {
                    case .unset: break
                    case .bool(let flag): writer.choice(1, flag)
                    case .int64(let value): writer.choice(2, Int(value))
                    case .string(let text): writer.element(3, text)
                    case .double(let value): writer.choice(4, value)
                    case .uint64(let value): writer.choice(5, unsigned: value)
                    }
                }
            }
        }
    }

    private static let row = [UInt8](floats: [1, 2, 3, 4])
    private static let typed: Writing = { writer in
        row.withUnsafeBytes { writer.packed(6, fixed: $0) }
    }

    private func infer(_ write: Writing) async throws -> Caller.Outcome {
        if caller.server.api.registry.entries().entries.isEmpty {
            try await caller.server.createTutorialLayer()
            for type in ["Identity"] { try await caller.server.create(#"{"name": "identity", "type": "\#(type)"}"#) }
        }
        return await caller.call("ModelInfer", [:], write)
    }

    @Test func answersRawForRawAndTypedForTyped() async throws {
        let raw = try await infer(Self.request(raw: Self.row))
        #expect(raw.status == 0)
        let answer = try Fields(raw.only)
        #expect([answer.text(1), answer.text(2), answer.text(3)] == ["fc", "1", "seven"])
        #expect(answer.bytes(6).map(\.floats) == [[30, 40, 50]])
        let output = try #require(try answer.messages(5).first)
        #expect([output.text(1), output.text(2)] == ["output", "FP32"])
        #expect(try output.packed(3) == [1, 3])
        #expect(output.bytes(5).isEmpty)
        let typed = try Fields(await infer(Self.request(contents: Self.typed)).only)
        #expect(typed.bytes(6).isEmpty)
        #expect(try typed.messages(5).first?.messages(5).first?.bytes(6).map(\.floats) == [[30, 40, 50]])
    }

    @Test(
        arguments: [
            ([("binary_data_output", .bool(true))], [], false, true),
            ([], [("output", [("binary_data", .bool(true))])], false, true),
            ([("binary_data_output", .bool(false))], [], true, false),
            ([("binary_data_output", .bool(false))], [("output", [("binary_data", .bool(true))])], false, true),
            ([], [("output", [])], true, true), ([], [("output", [])], false, false),
        ] as [([(String, InferParameter)], [(String, [(String, InferParameter)])], Bool, Bool)]
    )
    func answersInTheFormThatIsAskedFor(
        parameters: [(String, InferParameter)],
        outputs: [(String, [(String, InferParameter)])],
        isSentRaw: Bool,
        isAnsweredRaw: Bool
    ) async throws {
        let request = Self.request(
            raw: isSentRaw ? Self.row : nil,
            contents: isSentRaw ? nil : Self.typed,
            parameters: parameters,
            outputs: outputs
        )
        let answer = try Fields(await infer(request).only)
        #expect(answer.bytes(6).isEmpty != isAnsweredRaw)
    }

    @Test(
        arguments: [
            (Self.request(), 3, "tensor 'input': its shape has 4 elements, its data 0"),
            (Self.request(raw: Array(Self.row.dropLast())), 3, "take 16 bytes, its raw_input_contents are 15"),
            (Self.request(raw: Self.row, contents: Self.typed), 3, "both contents and raw_input_contents"),
            (Self.request(contents: { $0.packed(3, [1, 2, 3, 4]) }), 3, "not the one of FP32"),
            (Self.request(datatype: "FP16", contents: { $0.packed(2, [1]) }), 3, "raw_input_contents alone"),
            (Self.request(datatype: "BYTES", contents: { $0.element(8, "a") }), 3, "modules take numbers only"),
            (Self.request(datatype: "FP31", raw: []), 3, "unknown datatype 'FP31'"),
            (Self.request(shape: [-1, 4], raw: Self.row), 3, "tensor 'input': "),
            (Self.request(shape: [1 << 62, 1 << 62], raw: Self.row), 3, "tensor 'input': "),
            (Self.request(shape: Array(repeating: 1, count: 200), raw: Self.row), 3, "tensor 'input': "),
            (Self.request(model: "absent", raw: Self.row), 5, "'absent'"),
            (Self.request(version: "99", raw: Self.row), 5, "99"),
            (Self.request(version: "one", raw: Self.row), 5, "unknown version of model 'fc'"),
            (Self.request(raw: Self.row, parameters: [("sequence_id", .int64(1))]), 3, "'sequence_id' is reserved"),
            (Self.request(raw: Self.row, parameters: [("priority", .string("a"))]), 3, "'priority' must be"),
            (Self.request(raw: Self.row, outputs: [("other", [])]), 3, "unexpected inference output 'other'"),
            (
                Self.request(shape: [1, 3], raw: [UInt8](floats: [1, 2, 3])), 3,
                "mat1 and mat2 shapes cannot be multiplied"
            ),
            ({ @Sendable writer in writer.element(1, "fc") }, 3, "expected inputs"),
        ] as [(Writing, Int, String)]
    )
    func saysWhatIsWrong(write: Writing, status: Int, words: String) async throws {
        let outcome = try await infer(write)
        #expect(outcome.status == status)
        #expect(outcome.message?.contains(words) == true, "\(outcome.message ?? "")")
        #expect(outcome.messages.isEmpty)
    }

    @Test(
        arguments: [
            ("INT8", 2, [-128, 127], 2, [UInt8]([0x80, 0x7F])), ("INT16", 2, [-1, 300], 2, [0xFF, 0xFF, 0x2C, 0x01]),
            ("INT32", 2, [-1, 1], 2, [255, 255, 255, 255, 1, 0, 0, 0]), ("UINT8", 4, [0, 255], 2, [0, 255]),
            ("INT64", 3, [-2], 1, [254, 255, 255, 255, 255, 255, 255, 255]), ("UINT16", 4, [65_535], 1, [255, 255]),
            ("UINT64", 5, [-1], 1, [255, 255, 255, 255, 255, 255, 255, 255]), ("BOOL", 1, [0, 1], 2, [0, 1]),
            ("UINT32", 4, [4_294_967_295], 1, [255, 255, 255, 255]),
        ] as [(String, Int, [Int], Int, [UInt8])]
    )
    func integersPassThroughWhole(datatype: String, list: Int, values: [Int], count: Int, bytes: [UInt8]) async throws {
        let contents: Writing = { $0.packed(list, values) }
        let typed = try Fields(
            await infer(Self.request(model: "identity", datatype: datatype, shape: [count], contents: contents)).only
        )
        let output = try #require(try typed.messages(5).first)
        #expect(output.text(2) == datatype)
        #expect(try output.messages(5).first?.packed(UInt32(list)) == values)
        let raw = try Fields(
            await infer(Self.request(model: "identity", datatype: datatype, shape: [count], raw: bytes)).only
        )
        #expect(raw.bytes(6) == [bytes])
    }

    @Test(arguments: [("INT8", 2, 128), ("INT16", 2, -32_769), ("UINT8", 4, 256), ("UINT16", 4, 65_536)])
    func integersAreNeverWrapped(datatype: String, list: Int, value: Int) async throws {
        let contents: Writing = { $0.packed(list, [value]) }
        let outcome = try await infer(
            Self.request(model: "identity", datatype: datatype, shape: [1], contents: contents)
        )
        #expect(outcome.status == 3)
        #expect(outcome.message == "tensor 'input': \(value) is no \(datatype)")
    }

    @Test(arguments: ["FP16", "BF16"])
    func halvesGoRaw(datatype: String) async throws {
        let outcome = try await infer(
            Self.request(
                model: "identity",
                datatype: datatype,
                shape: [2],
                raw: [0, 0x3C, 1, 2],
                parameters: [("binary_data_output", .bool(false))]
            )
        )
        #expect(try Fields(outcome.only).bytes(6) == [[0, 0x3C, 1, 2]])
    }

    @Test func whatIsNoNumberIsANumberHere() async throws {
        let row: [Float] = [.nan, .infinity, -.infinity, -0.0]
        let contents: Writing = { writer in
            [UInt8](floats: row).withUnsafeBytes { writer.packed(6, fixed: $0) }
        }
        let answer = try Fields(await infer(Self.request(model: "identity", shape: [4], contents: contents)).only)
        #expect(try answer.messages(5).first?.messages(5).first?.bytes(6) == [[UInt8](floats: row)])
    }

    @Test func hooksCapture() async throws {
        let hooks = #"[{"kind": "forward", "action": {"type": "capture"}}]"#
        let answer = try Fields(
            await infer(Self.request(raw: Self.row, parameters: [("hooks", .string(hooks))])).only
        )
        #expect(try answer.messages(5).map { $0.text(1) } == ["output", "hook_0"])
        #expect(answer.bytes(6).map(\.floats) == [[30, 40, 50], [30, 40, 50]])
    }

    @Test func classesAreBytes() async throws {
        let outputs: [(String, [(String, InferParameter)])] = [("output", [("classification", .int64(2))])]
        let raw = try Fields(await infer(Self.request(raw: Self.row, outputs: outputs)).only)
        #expect(try raw.messages(5).first?.text(2) == "BYTES")
        let first = Array("50.000000:2".utf8)
        #expect(raw.bytes(6).first?.starts(with: [UInt8(first.count), 0, 0, 0] + first) == true)
        let typed = try Fields(await infer(Self.request(contents: Self.typed, outputs: outputs)).only)
        #expect(try typed.messages(5).first?.messages(5).first?.texts(8) == ["50.000000:2", "40.000000:1"])
    }

    /// The bytes of both ways to the same module are the same.
    @Test func answersTheBitsThatRESTAnswers() async throws {
        let values: [Float] = (0..<4).map { Float($0) * 0.3337 - 0.7 }
        let outcome = try await infer(Self.request(raw: [UInt8](floats: values)))
        let header =
            #"{"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}]"#
            + #", "parameters": {"binary_data_output": true}}"#
        let rest = await caller.server.send(
            .post,
            "/v2/models/fc/infer",
            [.constant("Inference-Header-Content-Length"): String(header.utf8.count)],
            body: Array(header.utf8) + [UInt8](floats: values)
        )
        #expect(try Fields(outcome.only).bytes(6) == [Array(rest.body.suffix(12))])
    }

    @Test func tellsTheSameAsREST() async throws {
        try await caller.server.createTutorialLayer()
        for (method, path) in [("ModelMetadata", "/v2/models/fc"), ("ModelConfig", "/v2/models/fc/config")] {
            let outcome = await caller.call(method) { $0.field(1, "fc") }
            #expect(outcome.status == 0)
            var fields = try Fields(outcome.only)
            let json = await caller.server.get(path).json
            if method == "ModelConfig" {
                fields = try #require(try fields.messages(1).first)
                #expect(fields.number(4) == json["max_batch_size"]?.asInt)
                #expect(fields.text(17) == json["backend"]?.asString)
                #expect(try fields.messages(5).first?.packed(4) == [4])
                #expect(try fields.messages(6).first?.number(2) == 11)
                #expect(fields.bytes(11) == [[]])
            } else {
                #expect(fields.texts(2) == ["1"])
                #expect(fields.text(3) == json["platform"]?.asString)
                #expect(try fields.messages(4).first?.packed(3) == [-1, 4])
            }
            #expect(fields.text(1) == "fc")
        }
        let server = try Fields(await caller.call("ServerMetadata").only)
        let json = await caller.server.get("/v2").json
        #expect(server.text(1) == json["name"]?.asString)
        #expect(server.text(2) == json["version"]?.asString)
        #expect(.array(server.texts(3).map { .string($0) }) == json["extensions"])
    }

    @Test func countsAsRESTCounts() async throws {
        _ = try await infer(Self.request(raw: Self.row))
        let models = try Fields(await caller.call("ModelStatistics").only).messages(1)
        #expect(models.map { $0.text(1) } == ["fc", "identity"])
        let one = try Fields(await caller.call("ModelStatistics") { $0.field(1, "fc") }.only).messages(1)
        #expect(one.map { $0.number(4) } == [1])
        #expect(try one.first?.messages(6).first?.messages(1).first?.number(1) == 1)
        #expect(try one.first?.messages(8).first?.number(3) == 48)
        #expect(await caller.call("ModelStatistics") { $0.field(1, "absent") }.status == 5)
    }
}
