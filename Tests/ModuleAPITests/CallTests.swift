import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

struct CallTests {
    private let server = Server()

    @Test func answersPyTorchsTutorial() async throws {
        try await server.createTutorialLayer()
        let path = "/v1/modules/fc/call"
        let input = #"{"input": [1, 2, 3, 4]}"#
        let answer = await server.json(.post, path, input)
        #expect(answer.text == #"{"output":[30.0,40.0,50.0],"shape":[3],"dtype":"float32"}"#)
        #expect(answer.fields[.moduleVersion] == "1")
        #expect(answer.fields[.contentType] == "application/json")
        #expect(answer.fields[.cacheControl] == "no-store")
        #expect(answer.fields[.xContentTypeOptions] == "nosniff")
        let text = await server.json(.post, path, input, [.accept: "text/plain"])
        #expect(text.text == "tensor([30., 40., 50.])\n")
        for accept in ["text/plain; charset=utf-8", "text/plain;charset=UTF-8;q=0.5"] {
            #expect(await server.json(.post, path, input, [.accept: accept]).body == text.body)
        }
        #expect(text.fields[.contentType] == "text/plain; charset=utf-8")
        let bytes = await server.json(.post, path, input, [.accept: "application/octet-stream"])
        #expect(bytes.body == [0, 0, 0xF0, 0x41, 0, 0, 0x20, 0x42, 0, 0, 0x48, 0x42])
        #expect(bytes.fields[.tensorShape] == "3")
        #expect(bytes.fields[.tensorDtype] == "float32")
    }

    @Test(arguments: [
        (#"{"input": {"data": [1, 2, 3, 4], "shape": [1, 4]}}"#, "[[30.0,40.0,50.0]]"),
        (#"{"input": {"dtype": "float32", "data": [[1, 2, 3, 4]]}}"#, "[[30.0,40.0,50.0]]"),
        (#"{"inputs": [[1, 2, 3, 4]]}"#, "[30.0,40.0,50.0]"),
        (#"{"input": [[[1, 2, 3, 4], [0, 0, 0, 0]]]}"#, "[[[30.0,40.0,50.0],[0.0,0.0,0.0]]]"),
        (#"{"input": {"data": [], "shape": [0, 4]}}"#, "[]"),
        (#"{"input": {"data": [[], []], "shape": [2, 0, 4]}}"#, "[[],[]]"),
        (#"{"input": [true, false, true, false]}"#, "[4.0,6.0,8.0]"),
        (#"{"input": [1e40, 0, 0, 0]}"#, #"["Infinity","Infinity","Infinity"]"#),
        (#"{"input": ["NaN", 0, 0, 0], "hooks": []}"#, #"["NaN","NaN","NaN"]"#),
        (#"{"input": [18446744073709551616, 0, 0, 0]}"#, "[1.8446744e+19,3.689349e+19,5.5340232e+19]"),
    ])
    func takesEachFormOfATensor(body: String, output: String) async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v1/modules/fc/call", body)
        #expect(answer.text.hasPrefix("{\"output\":\(output),"), "\(answer.text)")
    }

    @Test func keepsTheShapeOfAnEmptyBatch() async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v1/modules/fc/call", #"{"input": {"data": [], "shape": [0, 4]}}"#)
        #expect(answer.json["shape"] == [0, 3])
    }

    @Test func takesBytes() async throws {
        try await server.createTutorialLayer()
        let answer = await server.send(
            .post,
            "/v1/modules/fc/call",
            [.contentType: "application/octet-stream", .tensorShape: "4", .tensorDtype: "float32"],
            body: [1, 2, 3, 4].flatMap { (value: Float) in
                withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
            }
        )
        #expect(answer.json["output"] == [30.0, 40.0, 50.0])
    }

    @Test func recordsGradientsWhenAsked() async throws {
        try await server.createTutorialLayer()
        let path = "/v1/modules/fc/call?grad=true"
        let input = #"{"input": [[1, 2, 3, 4]]}"#
        #expect(await server.json(.post, path, input).json["grad_fn"] == "MmBackward0")
        #expect(
            await server.json(.post, path, input, [.accept: "text/plain"]).text
                == "tensor([[30., 40., 50.]], grad_fn=<MmBackward0>)\n"
        )
        #expect(await server.json(.post, "/v1/modules/fc/call", input).json["grad_fn"] == nil)
    }

    @Test func takesTheDTypeOfTheModule() async throws {
        try await server.create(
            #"{"name": "d", "type": "Linear", "in_features": 1, "out_features": 1, "dtype": "float64"}"#
        )
        #expect(await server.json(.post, "/v1/modules/d/call", #"{"input": [1]}"#).json["dtype"] == "float64")
        try await server.create(
            #"{"name": "e", "type": "Embedding", "num_embeddings": 3, "embedding_dim": 2, "seed": 0}"#
        )
        #expect(await server.json(.post, "/v1/modules/e/call", #"{"input": [0, 2]}"#).json["shape"] == [2, 2])
        try await server.create(#"{"name": "i", "type": "Identity"}"#)
        let identity = "/v1/modules/i/call"
        #expect(await server.json(.post, identity, #"{"input": [1]}"#).json["dtype"] == "float32")
        for dtype in ["float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"] {
            let answer = await server.json(.post, identity, "{\"input\": {\"data\": [1, 0], \"dtype\": \"\(dtype)\"}}")
            #expect(answer.json["dtype"]?.asString == dtype, "\(answer.text)")
        }
        let exact = #"{"input": {"data": [9223372036854775807, -9223372036854775808], "dtype": "int64"}}"#
        #expect(
            await server.json(.post, identity, exact).text.hasPrefix(
                #"{"output":[9223372036854775807,-9223372036854775808],"#
            )
        )
    }

    @Test func takesTwoInputs() async throws {
        try await server.create(
            """
            {"name": "b", "type": "Bilinear", "in1_features": 2, "in2_features": 2, "out_features": 1,
             "state_dict": {"weight": [[[1, 0], [0, 1]]], "bias": [0.5]}}
            """
        )
        #expect(
            await server.json(.post, "/v1/modules/b/call", #"{"inputs": [[1, 2], [3, 4]]}"#).json["output"] == [11.5]
        )
        #expect(await server.json(.post, "/v1/modules/b/call", #"{"input": [1, 2]}"#).status == 422)
    }

    @Test(
        arguments: [
            ("", 400, "malformed_json", nil), ("{", 400, "malformed_json", nil),
            (#"{"input": [1, 2, 3, NaN]}"#, 400, "malformed_json", nil),
            (#"{"input": [1, 2, 3, 4]} x"#, 400, "malformed_json", nil),
            (#"{"bogus": 1, "input": [1,}"#, 400, "malformed_json", nil),
            (#"{"input": [1], "input": [2]}"#, 400, "duplicate_key", nil),
            ("{\"input\": " + String(repeating: "[", count: 100_000), 400, "malformed_json", nil),
            (
                "{\"input\": " + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}", 400,
                "malformed_json", nil
            ),
            ("[1, 2, 3, 4]", 422, "invalid_field", nil), ("{}", 422, "invalid_call", nil),
            (#"{"input": [1, 2, 3, 4], "x": 1}"#, 422, "unknown_field", nil),
            (#"{"input": [1], "inputs": [[1]]}"#, 422, "invalid_field", nil),
            (#"{"inputs": []}"#, 422, "invalid_call", nil),
            (#"{"input": [1, 2, 3, 4], "grad_output": [1]}"#, 422, "unknown_field", nil),
            (#"{"input": [[1, 2], [3]]}"#, 422, "invalid_tensor", "expected sequence of length 2 at dim 1 (got 1)"),
            (#"{"input": [1, "a", 3, 4]}"#, 422, "invalid_tensor", "new(): invalid data type 'str'"),
            (#"{"input": [1, 1e999, 3, 4]}"#, 422, "value_out_of_range", nil),
            (
                #"{"input": [1, 2, 3, 4, 5]}"#, 422, "shape_mismatch",
                "mat1 and mat2 shapes cannot be multiplied (1x5 and 4x3)"
            ),
            (
                #"{"input": 1}"#, 422, "shape_mismatch",
                "both arguments to linear need to be at least 1D, but they are 0D and 2D"
            ),
            (
                #"{"input": {"data": [1, 2, 3, 4], "dtype": "float64"}}"#, 422, "dtype_mismatch",
                "expected m1 and m2 to have the same dtype, but got: double != float"
            ),
            (
                #"{"inputs": [[1, 2, 3, 4], [1]]}"#, 422, "invalid_call",
                "Linear.forward() takes 2 positional arguments but 3 were given"
            ),
        ] as [(String, Int, String, String?)]
    )
    func refuses(body: String, status: Int, code: String, detail: String?) async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v1/modules/fc/call", body)
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.code == code, "\(answer.text)")
        if let detail { #expect(answer.detail == detail) }
    }

    @Test func namesTheChildThatFailed() async throws {
        try await server.create(
            """
            {"name": "net", "type": "Sequential", "modules": {
                "first": {"type": "Linear", "in_features": 4, "out_features": 3},
                "second": {"type": "Linear", "in_features": 2, "out_features": 1}}}
            """
        )
        let answer = await server.json(.post, "/v1/modules/net/call", #"{"input": [[1, 2, 3, 4]]}"#)
        #expect(answer.status == 422)
        #expect(answer.detail == "mat1 and mat2 shapes cannot be multiplied (1x3 and 2x1)")
        #expect(answer.json["module"] == "second")
        #expect(answer.json["module_type"] == "Linear")
        #expect(answer.json["got"] == "float32[1, 3]")
    }

    @Test func writesNaNAsTheServerIsSet() async throws {
        let body = #"{"input": ["NaN", 1]}"#
        for (policy, expected) in [(NonFinitePolicy.strings, #"["NaN",1.0]"#), (.null, "[null,1.0]")] {
            var options = API.Options()
            options.nonFinite = policy
            let server = Server(options: options)
            try await server.create(#"{"name": "i", "type": "Identity"}"#)
            #expect(await server.json(.post, "/v1/modules/i/call", body).text.hasPrefix("{\"output\":\(expected)"))
        }
        var options = API.Options()
        options.nonFinite = .refuse
        let server = Server(options: options)
        try await server.create(#"{"name": "i", "type": "Identity"}"#)
        #expect(await server.json(.post, "/v1/modules/i/call", body).code == "not_finite")
    }

    @Test func neverChangesAModule() async throws {
        try await server.create(#"{"name": "bn", "type": "BatchNorm1d", "num_features": 2, "training": true}"#)
        let before = await server.get("/v1/modules/bn/state_dict").text
        #expect(await server.json(.post, "/v1/modules/bn/call", #"{"input": [[1, 2], [3, 4]]}"#).status == 200)
        #expect(await server.get("/v1/modules/bn/state_dict").text == before)
        #expect(await server.get("/v1/modules/bn").json["version"] == 1)
    }

    /// A field that has one value is malformed in two lines, and nobody guesses which one is meant.
    @Test func refusesABodyWithTwoTypes() async throws {
        try await server.createTutorialLayer()
        let types = ["application/json", "application/octet-stream"]
        let fields = HTTPFields(types.map { HTTPField(name: .contentType, value: $0) })
        let body = Array(#"{"input": [1, 2, 3, 4]}"#.utf8)
        let answer = await server.send(.post, "/v1/modules/fc/call", fields, body: body)
        #expect(answer.status == 415)
        #expect(answer.json["got"] == "application/json, application/octet-stream")
    }

    @Test func negotiatesTheAnswer() async throws {
        try await server.createTutorialLayer()
        let input = #"{"input": [1, 2, 3, 4]}"#
        for (accept, expected) in [
            ("*/*", "application/json"), ("text/*", "text/plain; charset=utf-8"),
            ("text/plain;q=0.5, application/json", "application/json"),
            ("application/json;q=0.1, text/plain;q=0.9", "text/plain; charset=utf-8"),
            ("image/png, */*;q=0.1", "application/json"), (";;,", "application/json"),
            ("application/x-safetensors", "application/x-safetensors"),
        ] {
            let answer = await server.json(.post, "/v1/modules/fc/call", input, [.accept: accept])
            #expect(answer.fields[.contentType] == expected, "for Accept: \(accept)")
        }
        // Lines of one name are one list (RFC 9110 5.3).
        for accept in [["*/*;q=0.1", "text/plain"], ["*/*", "application/json;q=0"]] {
            let fields = HTTPFields(accept.map { HTTPField(name: .accept, value: $0) })
            let answer = await server.json(.post, "/v1/modules/fc/call", input, fields)
            #expect(answer.fields[.contentType] == "text/plain; charset=utf-8", "for Accept: \(accept)")
        }
        let refused = await server.json(.post, "/v1/modules/fc/call", input, [.accept: "image/png"])
        #expect(refused.status == 406)
        #expect(refused.code == "not_acceptable")
    }

    @Test func answersLongInputsOffTheLoopWithTheSameBits() async throws {
        try await server.create(#"{"name": "i", "type": "Identity"}"#)
        let numbers = (0..<20_000).map { String(Float($0) / 7) }.joined(separator: ",")
        let answer = await server.json(.post, "/v1/modules/i/call", "{\"input\": [\(numbers)]}")
        #expect(answer.status == 200)
        #expect(answer.json["output"]?.asArray?.count == 20_000)
        #expect(answer.json["output"]?[19_999]?.asDouble == Double(String(Float(19_999) / 7)))
    }
}
