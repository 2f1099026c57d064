import HTTP
import HTTPTypes
import JSON
import OrderedCollections
import Safetensors
import Serving
import Tensors
import TestServer
import Testing
import Web

@testable import ModuleAPI

/// Parameters that are one, as when PyTorch's modules share a `Parameter`.
struct TieTests {
    private let server = Server()
    private static let linear = #"{"type": "Linear", "in_features": 2, "out_features": 2}"#

    private func make(_ tied: String, state: String = "null") async -> Received {
        let state = state == "null" ? "" : #", "state_dict": \#(state)"#
        let modules = "[\(Self.linear), {\"type\": \"Tanh\"}, \(Self.linear)]"
        return await server.json(
            .put,
            "/v1/modules/m",
            #"{"type": "Sequential", "seed": 1, "modules": \#(modules), "tied": \#(tied)\#(state)}"#
        )
    }

    private static let both = #"{"2.weight": "0.weight", "2.bias": "0.bias"}"#

    @Test func areListedOnceAndKeptUnderBothNames() async throws {
        let made = await make(Self.both)
        #expect(made.status == 201, "\(made.text)")
        let document = await server.get("/v1/modules/m")
        #expect(document.json["parameters"]?.asArray?.compactMap { $0["name"]?.asString } == ["0.weight", "0.bias"])
        #expect(document.json["tied"] == ["2.weight": "0.weight", "2.bias": "0.bias"], "\(document.text)")
        let state = await server.get("/v1/modules/m/state_dict")
        #expect(state.json["2.weight"] == state.json["0.weight"])
        #expect(state.json.asObject?.count == 4)
    }

    @Test func aChangeOfEitherIsAChangeOfBoth() async throws {
        _ = await make(Self.both)
        for key in ["0.weight", "2.weight"] {
            let value = key == "0.weight" ? "[[1,2],[3,4]]" : "[[5,6],[7,8]]"
            #expect(await server.json(.put, "/v1/modules/m/parameters/\(key)", value).status == 200)
            let state = await server.get("/v1/modules/m/state_dict")
            #expect(state.json["2.weight"] == state.json["0.weight"])
        }
        #expect(await server.get("/v1/modules/m/parameters/0.weight").json["data"] == [[5.0, 6.0], [7.0, 8.0]])
        let firsts = #"{"0.weight": [[1,0],[0,1]], "0.bias": [1,1]}"#
        #expect(await server.json(.put, "/v1/modules/m/state_dict", firsts).status == 200)
        #expect(await server.get("/v1/modules/m/parameters/2.bias").json["data"] == [1.0, 1.0])
    }

    @Test func gradientsAreSummedUnderTheFirstName() async throws {
        let state = #"{"0.weight": [[1,0],[0,1]], "0.bias": [0,0]}"#
        #expect(await make(Self.both, state: state).status == 201)
        let answer = await server.json(.post, "/v1/modules/m/backward", #"{"input": [0, 0], "grad_output": [1, 1]}"#)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["gradients"]?.asObject?.keys.sorted() == ["0.bias", "0.weight"], "\(answer.text)")
        #expect(answer.json["gradients"]?["0.bias"]?["data"] == [2.0, 2.0], "\(answer.text)")
    }

    @Test(
        arguments: [
            (#"{"2.weight": "0.bias"}"#, "shape"), (#"{"2.weight": "nosuch"}"#, "'nosuch' is not a parameter"),
            (#"{"nosuch": "0.weight"}"#, "'nosuch' is not a parameter"),
            (#"{"0.weight": "2.weight"}"#, "does not come before"),
            (#"{"0.weight": "0.weight"}"#, "does not come before"), (#"{"1.weight": "0.weight"}"#, "'1.weight' is not"),
            (#"{"2.weight": 3}"#, "string"), (#"["2.weight"]"#, "object"),
        ]
    )
    func areRefusedWhereTheyCannotBe(tied: String, words: String) async throws {
        let made = await make(tied)
        #expect(made.status == 422, "\(made.text)")
        #expect(made.detail?.contains(words) == true, "\(made.text)")
        #expect(await server.get("/v1/modules/m").status == 404)
    }

    @Test func standInAChain() async throws {
        let modules = [String](repeating: Self.linear, count: 3).joined(separator: ", ")
        let tied = #"{"2.weight": "1.weight", "1.weight": "0.weight"}"#
        let body = #"{"type": "Sequential", "modules": [\#(modules)], "tied": \#(tied)}"#
        #expect(await server.json(.put, "/v1/modules/m", body).status == 201)
        let document = await server.get("/v1/modules/m")
        #expect(document.json["tied"] == ["1.weight": "0.weight", "2.weight": "0.weight"])
    }

    /// A parameter that is made None is no parameter of its other names any more, and one that is set again is a new one.
    @Test func endWithTheParameter() async throws {
        let norm = #"{"type": "LayerNorm", "normalized_shape": [3], "tied": {"bias": "weight"}}"#
        #expect(await server.json(.put, "/v1/modules/ln", norm).status == 201)
        #expect(await server.send(.delete, "/v1/modules/ln/bias").status == 200)
        let document = await server.get("/v1/modules/ln")
        #expect(document.json["tied"] == nil && document.json["bias"] == false, "\(document.text)")
        #expect(await server.json(.put, "/v1/modules/ln/parameters/bias", "[7, 8, 9]").status == 200)
        #expect(await server.get("/v1/modules/ln").json["tied"] == nil)
        #expect(await server.get("/v1/modules/ln/parameters/weight").json["data"] == [1.0, 1.0, 1.0])
    }

    /// The name that is left first has the tensor of all the others; who refers to the module sees the same.
    @Test(arguments: [
        ("0.bias", ["2.bias": "1.bias"]), ("1.bias", ["2.bias": "0.bias"]), ("2.bias", ["1.bias": "0.bias"]),
    ])
    func goOnUnderTheNamesThatAreLeft(gone: String, left: [String: String]) async throws {
        let modules = [String](repeating: Self.linear, count: 3).joined(separator: ", ")
        let tied = #"{"1.bias": "0.bias", "2.bias": "0.bias"}"#
        let body = #"{"type": "Sequential", "seed": 1, "modules": [\#(modules)], "tied": \#(tied)}"#
        #expect(await server.json(.put, "/v1/modules/m", body).status == 201)
        let user = #"{"type": "Sequential", "modules": [{"name": "net", "ref": "m"}]}"#
        #expect(await server.json(.put, "/v1/modules/user", user).status == 201)
        _ = try await server.api.registry.setParameter("net.\(gone)", of: "user", to: nil)
        let tiedNow = await server.get("/v1/modules/m").json["tied"]
        #expect(tiedNow?.asObject?.keys.sorted() == left.keys.sorted())
        for (later, first) in left {
            #expect(tiedNow?[later]?.asString == first)
            #expect(await server.json(.put, "/v1/modules/m/parameters/\(later)", "[3, 4]").status == 200)
            #expect(await server.get("/v1/modules/user/parameters/net.\(first)").json["data"] == [3.0, 4.0])
        }
        // The document is one that can be made anew.
        let document = await server.get("/v1/modules/m")
        let description = document.text.replacing(#""name":"m","#, with: "")
        #expect(await server.json(.put, "/v1/modules/copy", description).status == 201, "\(description)")
    }

    @Test func aFileMayNameTheKeyThatItLeavesOut() async throws {
        let description = #"{"type": "Sequential", "modules": [\#(Self.linear), \#(Self.linear)]}"#
        let metadata = ["callpath": description, "1.weight": "0.weight", "format": "pt"]
        let (weight, bias) = (try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), try Tensor([1, 2] as [Float]))
        let bytes = try Safetensors.bytes(
            of: ["0.weight": weight, "0.bias": bias, "1.bias": bias],
            metadata: metadata
        )
        let contents = try Safetensors.contents(of: bytes)
        let loaded = try await server.api.registry.load("m", safetensors: contents, description: nil)
        #expect(loaded.ties.isEmpty)
        #expect(try loaded.tensor("1.weight").tensor.scalars(as: Float.self) == [1, 2, 3, 4])
        let put = await server.send(
            .put,
            "/v1/modules/m/state_dict",
            [.contentType: "application/safetensors"],
            body: bytes
        )
        #expect(put.status == 200, "\(put.text)")
    }
}
