import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

struct ParametersTests {
    private let server = Server()

    @Test func showsAParameterInEachForm() async throws {
        try await server.createTutorialLayer()
        let path = "/v1/modules/fc/weight"
        #expect(
            await server.get(path).text
                == #"{"data":[[1.0,2.0,3.0,4.0],[2.0,3.0,4.0,5.0],[3.0,4.0,5.0,6.0]],"shape":[3,4],"dtype":"float32"}"#
        )
        #expect(
            await server.get(path, as: "text/plain").text == """
                Parameter containing:
                tensor([[1., 2., 3., 4.],
                        [2., 3., 4., 5.],
                        [3., 4., 5., 6.]], requires_grad=True)

                """
        )
        let bytes = await server.get(path, as: "application/octet-stream")
        #expect(bytes.fields[.tensorShape] == "3,4")
        #expect(bytes.fields[.tensorDtype] == "float32")
        #expect(bytes.body == [1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6].flatMap { Self.littleEndian($0) })
        #expect(await server.get("/v1/modules/fc/parameters/weight").body == (await server.get(path)).body)
    }

    private static func littleEndian(_ value: Float) -> [UInt8] {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }

    @Test func setsAParameterFromEachForm() async throws {
        try await server.createTutorialLayer()
        let ones = "[[1,1,1,1],[1,1,1,1],[1,1,1,1]]"
        let changed = await server.json(.put, "/v1/modules/fc/weight", ones)
        #expect(changed.status == 200)
        #expect(changed.json["version"] == 2)
        #expect(changed.fields[.eTag] == "\"2-1a2b3c4d\"")
        let flat = #"{"data": [1,1,1,1,1,1,1,1,1,1,1,2], "shape": [3,4], "dtype": "float32"}"#
        #expect(await server.json(.put, "/v1/modules/fc/weight", flat).json["version"] == 3)
        let bytes = await server.send(
            .put,
            "/v1/modules/fc/parameters/weight",
            [.contentType: "application/octet-stream", .tensorShape: "3 ,\t4", .tensorDtype: "float32"],
            body: (1...12).flatMap { Self.littleEndian(Float($0)) }
        )
        #expect(bytes.json["version"] == 4)
        #expect(await server.get("/v1/modules/fc/weight").json["data"]?[2]?[3] == 12.0)
    }

    @Test func turnsABiasOffAndOn() async throws {
        try await server.create(#"{"name": "b", "type": "Linear", "in_features": 2, "out_features": 1}"#)
        #expect(await server.get("/v1/modules/b/bias").status == 200)
        #expect(await server.send(.delete, "/v1/modules/b/bias").json["version"] == 2)
        #expect(await server.get("/v1/modules/b/bias").code == "parameter_not_found")
        #expect(await server.get("/v1/modules/b").json["repr"] == "Linear(in_features=2, out_features=1, bias=False)")
        #expect(await server.json(.put, "/v1/modules/b/bias", "[0.5]").status == 200)
        #expect(
            await server.get("/v1/modules/b/bias", as: "text/plain").text
                == "Parameter containing:\ntensor([0.5000], requires_grad=True)\n"
        )
    }

    @Test func writesNaNAndInfinityAsStrings() async throws {
        try await server.create(#"{"name": "n", "type": "Linear", "in_features": 2, "out_features": 2, "bias": false}"#)
        let values = #"[["NaN", "Infinity"], ["-Infinity", 1e40]]"#
        #expect(await server.json(.put, "/v1/modules/n/weight", values).status == 200)
        #expect(
            await server.get("/v1/modules/n/weight").json["data"] == [["NaN", "Infinity"], ["-Infinity", "Infinity"]]
        )
    }

    @Test(
        arguments: [
            ("[[1,2,3,4],[1,2,3]]", "invalid_tensor", "expected sequence of length 4 at dim 1 (got 3)"),
            ("[1, [2]]", "invalid_tensor", "'list' object cannot be interpreted as an integer"),
            ("[[1], 2]", "invalid_tensor", "not a sequence"),
            ("[1, \"a\"]", "invalid_tensor", "new(): invalid data type 'str'"),
            ("[\"a\"]", "invalid_tensor", "too many dimensions 'str'"),
            ("null", "invalid_tensor", "Could not infer dtype of NoneType"),
            ("[1, null]", "invalid_tensor", "Could not infer dtype of NoneType"),
            ("[{}]", "invalid_tensor", "Could not infer dtype of dict"),
            (
                "[[1,2,3],[4,5,6]]", "shape_mismatch",
                "size mismatch for weight: copying a param with shape torch.Size([2, 3]) from checkpoint, the shape in current model is torch.Size([3, 4])."
            ),
            (#"{"data": [1], "shape": [2]}"#, "invalid_tensor", "shape '[2]' is invalid for input of size 1"),
            (#"{"data": [1], "dtype": "float31"}"#, "invalid_field", nil),
            (
                #"{"data": [1], "shape": [-1]}"#, "invalid_tensor",
                "Trying to create tensor with negative dimension -1: [-1]"
            ),
            (#"{"data": [1], "shape": [4611686018427387904, 4]}"#, "invalid_tensor", nil),
            (#"{"data": [1], "shape": [1.5]}"#, "value_out_of_range", nil),
            (#"{"data": [1], "x": 2}"#, "unknown_field", nil),
            (#"{"shape": [1]}"#, "missing_field", nil),
            (#"{"data": [[1,2,3,4],[1,2,3,4],[1,2,3,4]], "dtype": "float64"}"#, "dtype_mismatch", nil),
        ] as [(String, String, String?)]
    )
    func refusesATensorThatDoesNotFit(body: String, code: String, detail: String?) async throws {
        try await server.createTutorialLayer()
        let answer = await server.json(.put, "/v1/modules/fc/weight", body)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.code == code, "\(answer.text)")
        if let detail { #expect(answer.detail == detail) }
        #expect(await server.get("/v1/modules/fc").json["version"] == 1)
    }

    @Test(
        arguments: [
            (nil, "float32", 48, "malformed_tensor_headers"), ("3,4", nil, 48, "malformed_tensor_headers"),
            ("3,-4", "float32", 48, "malformed_tensor_headers"), ("3,,4", "float32", 48, "malformed_tensor_headers"),
            ("3,4,", "float32", 48, "malformed_tensor_headers"), ("3, ,4", "float32", 48, "malformed_tensor_headers"),
            ("1 2", "float32", 48, "malformed_tensor_headers"), ("3,4\t0", "float32", 48, "malformed_tensor_headers"),
            ("3;4", "float32", 48, "malformed_tensor_headers"), ("3,4", "float31", 48, "malformed_tensor_headers"),
            ("99999999999999999999", "float32", 48, "malformed_tensor_headers"),
            ("4611686018427387904,4", "float32", 48, "malformed_tensor_headers"),
            ("3,4", "float32", 47, "malformed_tensor_bytes"), ("3,4", "float64", 48, "malformed_tensor_bytes"),
            ("3,4", "float32", 0, "malformed_tensor_bytes"),
        ] as [(String?, String?, Int, String)]
    )
    func refusesBytesThatAreNotWhatTheySay(shape: String?, dtype: String?, count: Int, code: String) async throws {
        try await server.createTutorialLayer()
        var fields: HTTPFields = [.contentType: "application/octet-stream"]
        fields[.tensorShape] = shape
        fields[.tensorDtype] = dtype
        let answer = await server.send(.put, "/v1/modules/fc/weight", fields, body: [UInt8](repeating: 0, count: count))
        #expect(answer.status == 400)
        #expect(answer.code == code)
        #expect(await server.get("/v1/modules/fc").json["version"] == 1)
    }

    @Test func knowsNoOtherParameters() async throws {
        try await server.createTutorialLayer()
        #expect(await server.get("/v1/modules/fc/bias").code == "parameter_not_found")
        #expect(await server.get("/v1/modules/fc/parameters/wait").code == "parameter_not_found")
        #expect(await server.json(.put, "/v1/modules/fc/parameters/wait", "[1]").status == 404)
        #expect(await server.get("/v1/modules/none/weight").code == "module_not_found")
        #expect(await server.get("/v1/modules/fc/weight", as: "image/png").status == 406)
    }

    @Test func readsAndLoadsAStateDictionary() async throws {
        try await server.createTutorialLayer()
        let state = await server.get("/v1/modules/fc/state_dict")
        #expect(state.json["weight"]?["shape"] == [3, 4])
        let loaded = await server.json(.put, "/v1/modules/fc/state_dict", state.text)
        #expect(loaded.text == #"{"name":"fc","version":2,"missing_keys":[],"unexpected_keys":[]}"#)
        let loose = await server.json(.put, "/v1/modules/fc/state_dict?strict=false", #"{"x": [1]}"#)
        #expect(loose.json["missing_keys"] == ["weight"])
        #expect(loose.json["unexpected_keys"] == ["x"])
        let strict = await server.json(.put, "/v1/modules/fc/state_dict", #"{"x": [1], "weight": [[1]]}"#)
        #expect(strict.status == 422)
        #expect(
            strict.detail == """
                Error(s) in loading state_dict for Linear:
                \tUnexpected key(s) in state_dict: "x". 
                \tsize mismatch for weight: copying a param with shape torch.Size([1, 1]) from checkpoint, the shape in current model is torch.Size([3, 4]).
                """
        )
    }

    @Test func carriesAStateDictionaryAsSafetensors() async throws {
        try await server.createTutorialLayer()
        let type = "application/x-safetensors"
        let file = await server.get("/v1/modules/fc/state_dict", as: type)
        #expect(file.fields[.contentType] == type)
        _ = await server.json(.put, "/v1/modules/fc/weight", "[[0,0,0,0],[0,0,0,0],[0,0,0,0]]")
        let loaded = await server.send(.put, "/v1/modules/fc/state_dict", [.contentType: type], body: file.body)
        #expect(loaded.status == 200)
        #expect(await server.get("/v1/modules/fc/weight").json["data"]?[0] == [1.0, 2.0, 3.0, 4.0])
        let cut = await server.send(
            .put,
            "/v1/modules/fc/state_dict",
            [.contentType: type],
            body: Array(file.body.dropLast())
        )
        #expect(cut.status == 400)
        #expect(cut.code == "malformed_safetensors")
    }

    @Test func refusesATextThatIsTooLong() async throws {
        var options = API.Options()
        options.maxAnswerBytes = 100
        let server = Server(options: options)
        try await server.createTutorialLayer()
        for target in ["/v1/modules/fc/weight", "/v1/modules/fc/state_dict"] {
            let answer = await server.get(target)
            #expect(answer.status == 422)
            #expect(answer.code == "answer_too_large")
        }
        #expect(await server.get("/v1/modules/fc/weight", as: "application/octet-stream").status == 200)
        let call = #"{"input": [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]}"#
        #expect(await server.json(.post, "/v1/modules/fc/call", call).code == "answer_too_large")
    }
}
