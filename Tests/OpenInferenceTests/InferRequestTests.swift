import HTTP
import HTTPTypes
import JSON
import ModuleAPI
@testable import OpenInference
import Testing
import TestServer
import Web

/// What a request of the Open Inference Protocol may say, and what is refused in words.
struct InferRequestTests {
    private let server = Server()

    /// The request of the tutorial's layer with one member of its input in place of another.
    private func body(_ input: String = "", _ rest: String = "") -> String {
        var members = ["name": #""input""#, "shape": "[1, 4]", "datatype": #""FP32""#, "data": "[1, 2, 3, 4]"]
        if let colon = input.firstIndex(of: ":") {
            let name = input[..<colon].trimmingPrefix(#"""#)
            members[String(name.dropLast())] = String(input[input.index(after: colon)...])
        }
        let text = members.sorted { $0.key < $1.key }.map { #""\#($0.key)": \#($0.value)"# }.joined(separator: ", ")
        return "{\"inputs\": [{\(text)}]\(rest.isEmpty ? "" : ", " + rest)}"
    }

    private func infer(_ body: String, _ model: String = "fc", _ fields: HTTPFields = [:]) async -> Received {
        await server.send(.post, "/v2/models/\(model)/infer", fields, body: Array(body.utf8))
    }

    private func error(_ answer: Received) -> String? {
        answer.fields[.contentType] == "application/json" ? answer.json["error"]?.asString : nil
    }

    @Test(
        arguments: [
            (#""data": [1, 2, 3]"#, "tensor 'input': its shape has 4 elements, its data 3"),
            (#""data": [1, 2, 3, 4, 5]"#, "tensor 'input': its shape has 4 elements, its data 5"),
            (#""data": [true, 2, 3, 4]"#, "tensor 'input': true is no FP32"),
            (#""data": [1, null, 3, 4]"#, "tensor 'input': null is no FP32"),
            (#""data": [1, "2", 3, 4]"#, "tensor 'input': \"2\" is no FP32"),
            (#""data": 3"#, "the data of input 'input' must be a list"),
            (#""data": [NaN, 2, 3, 4]"#, "failed to parse the request JSON buffer"),
            (#""shape": [-1, 4]"#, "Trying to create tensor with negative dimension -1: [-1, 4]"),
            (#""shape": [4611686018427387904, 4, 8]"#, "Storage size calculation overflowed"),
            (#""shape": [18446744073709551616, 4]"#, "number out of range: 18446744073709551616"),
            (#""shape": [1.5, 4]"#, "number out of range: 1.5"),
            (#""shape": "1,4""#, "expected an array, got a string"),
            (#""shape": [1, 5]"#, "its shape has 5 elements, its data 4"),
            (#""datatype": "FP33""#, "tensor 'input' has unknown datatype 'FP33'"),
            (#""datatype": "fp32""#, "tensor 'input' has unknown datatype 'fp32'"),
            (#""datatype": "BYTES""#, "tensor 'input' has datatype BYTES, and modules take numbers only"),
            (#""datatype": "FP64""#, "dtype"),
            (#""datatype": 3"#, "expected a string, got a number"),
            (#""name": "x""#, #"expected inputs ["input"], got ["x"]"#),
            (#""parameters": {"shared_memory_region": "r"}"#, "'shared_memory_region' is reserved and not served here"),
            (#""parameters": {"binary_data_size": 16}"#, "tensor 'input' has both data and binary_data_size"),
            (#""parameters": {"binary_data_size": -1}"#, "'binary_data_size' must be a whole number"),
        ]
    )
    func inputIsRefusedByName(member: String, words: String) async throws {
        try await server.createTutorialLayer()
        let answer = await infer(body(member))
        #expect(answer.status == 400)
        #expect(error(answer)?.contains(words) == true, "\(answer.text)")
        #expect(await infer(body()).status == 200)
    }

    @Test(
        arguments: [
            (#""parameters": {"sequence_id": 3}"#, "'sequence_id' is reserved and not served here"),
            (#""parameters": {"sequence_start": true}"#, "'sequence_start'"),
            (#""parameters": {"headers": "x"}"#, "'headers' is reserved"),
            (#""parameters": {"triton_enable_empty_final_response": true}"#, "'triton_enable_empty_final_response'"),
            (#""parameters": {"timeout": "1"}"#, "'timeout' must be a whole number that is not negative"),
            (#""parameters": {"timeout": -1}"#, "'timeout' must be a whole number that is not negative"),
            (#""parameters": {"timeout": 18446744073709551616}"#, "'timeout' must be a whole number"),
            (#""parameters": {"priority": 1.5}"#, "'priority' must be a whole number"),
            (#""parameters": {"binary_data_output": "true"}"#, "'binary_data_output' must be true or false"),
            (#""parameters": {"mine": {}}"#, "'mine' must be a string, a number or a boolean"),
            (#""parameters": [1]"#, "parameters must be an object"),
            (#""parameters": {"hooks": [{"kind": "forward"}]}"#, "action"),
            (#""parameters": {"hooks": "[{"}"#, "'hooks' must be an array of hooks"),
            (#""outputs": [{"name": "y"}]"#, #"unexpected inference output 'y', expected one of ["output"]"#),
            (#""outputs": ["output"]"#, "outputs must be a list of objects"),
            (#""outputs": [null]"#, "outputs must be a list of objects"),
            (#""outputs": [{"name": null}]"#, "the name of an output is missing"),
            (#""outputs": [{"name": "output"}, {"name": "output"}]"#, "tensor 'output' is given twice"),
            (#""outputs": [{"name": "output", "parameters": {"classification": -1}}]"#, "'classification' must be"),
            (
                #""outputs": [{"name": "output", "parameters": {"binary_data": 1}}]"#,
                "'binary_data' must be true or false"
            ),
            (#""outputs": [{"name": "output", "parameters": {"shared_memory_offset": 0}}]"#, "'shared_memory_offset'"),
            (#""id": 7"#, "expected a string, got a number"),
            (#""inputs": []"#, #"duplicate key "inputs""#),
        ]
    )
    func requestIsRefusedByName(member: String, words: String) async throws {
        try await server.createTutorialLayer()
        let answer = await infer(body("", member))
        #expect(answer.status == 400)
        #expect(error(answer)?.contains(words) == true, "\(answer.text)")
    }

    @Test(arguments: [
        "", "{", "[]", "\"x\"", "null", "{}", #"{"inputs": null}"#, #"{"inputs": [1]}"#, "{\"inputs\": []}",
    ])
    func whatIsNoRequestIs400(text: String) async throws {
        try await server.createTutorialLayer()
        let answer = await infer(text)
        #expect(answer.status == 400)
        #expect(error(answer) != nil, "\(answer.text)")
    }

    @Test(
        arguments: [
            ("INT8", "128"), ("INT8", "-129"), ("UINT8", "-1"), ("UINT8", "256"), ("INT16", "32768"),
            ("UINT16", "65536"),
            ("INT32", "2147483648"), ("UINT32", "4294967296"), ("INT64", "9223372036854775808"),
            ("UINT64", "18446744073709551616"), ("INT32", "1.5"), ("INT32", "1.0"), ("BOOL", "2"),
        ]
    )
    func anIntegerBeyondItsDatatypeIsRefused(datatype: String, value: String) async throws {
        try await server.create(#"{"name": "identity", "type": "Identity"}"#)
        let text = #"{"inputs": [{"name": "input", "shape": [1], "datatype": "\#(datatype)", "data": [\#(value)]}]}"#
        let answer = await infer(text, "identity")
        #expect(answer.status == 400)
        #expect(error(answer) == "tensor 'input': \(value) is no \(datatype)")
    }

    @Test(
        arguments: [
            ("BOOL", "[true,false]"), ("UINT8", "[0,255]"), ("UINT16", "[0,65535]"), ("UINT32", "[0,4294967295]"),
            ("UINT64", "[0,18446744073709551615]"), ("INT8", "[-128,127]"), ("INT16", "[-32768,32767]"),
            ("INT32", "[-2147483648,2147483647]"), ("INT64", "[-9223372036854775808,9223372036854775807]"),
            ("FP16", "[-1.5,65504.0]"), ("BF16", "[-1.5,3.0]"), ("FP32", "[-1.5,1e+30]"), ("FP64", "[-1.5,1e+300]"),
        ]
    )
    func everyDatatypePassesWhole(datatype: String, data: String) async throws {
        try await server.create(#"{"name": "identity", "type": "Identity"}"#)
        for form in [data, "[\(data)]"] {
            let text =
                #"{"inputs": [{"name": "input", "shape": [1, 2], "datatype": "\#(datatype)", "data": \#(form)}]}"#
            let output = await infer(text, "identity").json["outputs"]?.asArray?.first
            #expect(output?["datatype"]?.asString == datatype)
            #expect(output?["data"].map { String(decoding: $0.serialized, as: UTF8.self) } == data)
            #expect(output?["shape"] == [1, 2])
        }
    }

    /// Clients with typed models send null for all that nobody has set.
    @Test(arguments: [
        ("", #""id": null, "parameters": null, "outputs": null"#),
        (#""parameters": null"#, ""),
        (#""parameters": {"binary_data_size": null, "content_type": null}"#, ""),
        (
            "",
            #""parameters": {"binary_data_output": null, "priority": null, "timeout": null, "hooks": null, "x": null}"#
        ),
        ("", #""outputs": [{"name": "output", "parameters": null}]"#),
        ("", #""outputs": [{"name": "output", "parameters": {"binary_data": null, "classification": null}}]"#),
        ("", #""model_name": null, "mine": null"#),
    ])
    func nullIsAbsence(member: String, rest: String) async throws {
        try await server.createTutorialLayer()
        let answer = await infer(body(member, rest))
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.text.contains(#""data":[30.0,40.0,50.0]"#))
        #expect(answer.json["id"] == nil)
    }

    @Test func nullDataLeavesThemToTheBytes() async throws {
        try await server.createTutorialLayer()
        let header = body(#""data": null"#).replacing(
            #""name""#,
            with: #""parameters": {"binary_data_size": 16}, "name""#
        )
        let bytes = [1, 2, 3, 4].flatMap { withUnsafeBytes(of: Float($0), Array.init) }
        let fields: HTTPFields = [.inferenceHeaderContentLength: String(header.utf8.count)]
        let answer = await server.send(.post, "/v2/models/fc/infer", fields, body: Array(header.utf8) + bytes)
        #expect(answer.text.contains(#""data":[30.0,40.0,50.0]"#), "\(answer.text)")
        #expect(error(await infer(body(#""data": null"#)))?.contains("neither data nor binary_data_size") == true)
    }

    @Test(arguments: [#""name": null"#, #""shape": null"#, #""datatype": null"#])
    func whatAnInputNeedsIsNotNull(member: String) async throws {
        try await server.createTutorialLayer()
        let answer = await infer(body(member))
        #expect(answer.status == 400)
        #expect(error(answer)?.contains("got null") == true, "\(answer.text)")
    }

    @Test func membersThatTheProtocolDoesNotKnowAreLeftAlone() async throws {
        try await server.createTutorialLayer()
        #expect(await infer(body(#""mine": {"a": [1]}"#, #""model_name": "fc", "mine": [{}]"#)).status == 200)
        #expect(await infer(body("", #""parameters": {"mine": "x", "other": 1, "third": false}"#)).status == 200)
    }

    @Test(arguments: [0, 9_223_372_036_854_775_807])
    func aTimeoutOfNothingOrOfAgesIsNone(microseconds: Int) async throws {
        try await server.createTutorialLayer()
        #expect(await infer(body("", #""parameters": {"timeout": \#(microseconds)}"#)).status == 200)
    }

    @Test func nonFiniteOutputsPointToBinaryData() async throws {
        try await server.createTutorialLayer()
        let answer = await infer(body(#""data": ["NaN", 1, 1, 1]"#))
        #expect(answer.status == 400)
        #expect(error(answer)?.contains("output 'output' holds NaN or infinity") == true)
        #expect(
            await infer(body(#""data": ["NaN", 1, 1, 1]"#, #""parameters": {"binary_data_output": true}"#)).status
                == 200
        )
    }

    @Test(arguments: [
        "absent/infer", "fc/versions/7/infer", "fc/versions/x/infer", "fc/versions/99999999999999999999/infer",
    ])
    func whatIsNotThereIs404(path: String) async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(.post, "/v2/models/\(path)", body())
        #expect(answer.status == 404)
        #expect(error(answer) != nil)
    }

    @Test func anAnswerTooLargeForJSONIsRefusedAndNotInBytes() async throws {
        var options = API.Options()
        options.maxAnswerBytes = 1_000
        let server = Server(options: options)
        try await server.create(#"{"name": "wide", "type": "Linear", "in_features": 1, "out_features": 200}"#)
        let text = #"{"inputs": [{"name": "input", "shape": [1, 1], "datatype": "FP32", "data": [1]}]"#
        let refused = await server.json(.post, "/v2/models/wide/infer", text + "}")
        #expect(refused.status == 400)
        #expect(refused.json["error"]?.asString?.contains("takes more than 1000 bytes") == true)
        let bytes = await server.json(
            .post,
            "/v2/models/wide/infer",
            text + #", "parameters": {"binary_data_output": true}}"#
        )
        #expect(bytes.status == 200)
    }
}
