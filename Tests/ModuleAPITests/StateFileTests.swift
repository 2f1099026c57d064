import HTTP
import HTTPTypes
import JSON
import Models
import OrderedCollections
import Safetensors
import Serving
import Tensors
import TestServer
import Testing
import Web

@testable import ModuleAPI

/// State dictionaries as files of other people's making.
struct StateFileTests {
    private let server = Server()
    private static let type = "application/safetensors"

    /// Returns a file of a weight of ones, and of one more tensor.
    private static func file(_ name: String, _ dtype: String, shape: [Int] = [0], bytes: [UInt8] = []) -> [UInt8] {
        let header =
            #"{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
            + #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[8,\#(8 + bytes.count)]}}"#
        let ones: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F]
        return [UInt8(truncatingIfNeeded: header.utf8.count), UInt8(truncatingIfNeeded: header.utf8.count >> 8)]
            + [0, 0, 0, 0, 0, 0] + Array(header.utf8) + ones + bytes
    }

    private func put(_ file: [UInt8], query: String = "", type: String = type) async -> Received {
        await server.send(.put, "/v1/modules/m/state_dict\(query)", [.contentType: type], body: file)
    }

    private func makeLinear(bias: Bool) async {
        let body = #"{"type": "Linear", "in_features": 2, "out_features": 1, "bias": \#(bias)}"#
        #expect([200, 201].contains(await server.json(.put, "/v1/modules/m", body).status))
    }

    @Test(arguments: ["C64", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2"])
    func aForeignTypeMattersWhereItIsTaken(dtype: String) async throws {
        await makeLinear(bias: true)
        let taken = await put(Self.file("bias", dtype))
        #expect(taken.status == 422)
        #expect(taken.code == "dtype_mismatch", "\(taken.text)")
        #expect(taken.detail?.contains("'bias' is of the type \(dtype)") == true, "\(taken.text)")
        await makeLinear(bias: false)
        let unexpected = await put(Self.file("scale", dtype))
        #expect(unexpected.status == 422)
        #expect(unexpected.code == "state_dict_mismatch")
        #expect(unexpected.detail?.contains(#"Unexpected key(s) in state_dict: "scale"."#) == true)
        let left = await put(Self.file("scale", dtype), query: "?strict=false")
        #expect(left.status == 200)
        #expect(left.json["unexpected_keys"] == ["scale"])
        #expect(await server.get("/v1/modules/m/weight").json["data"] == [[1.0, 1.0]])
    }

    @Test(arguments: [("F8_E4M3", 0x7E, 448.0), ("F8_E5M2", 0xC1, -2.5), ("F8_E4M3", 0x01, 0.001953125)])
    func numbersOfOneByteAreDecoded(dtype: String, byte: UInt8, expected: Double) async throws {
        await makeLinear(bias: true)
        let loaded = await put(Self.file("bias", dtype, shape: [1], bytes: [byte]))
        #expect(loaded.status == 200, "\(loaded.text)")
        #expect(await server.get("/v1/modules/m/bias").json["data"] == [.number(.double(expected))])
    }

    @Test(arguments: ["application/safetensors", "application/x-safetensors"])
    func aSavedStateComesBack(type: String) async throws {
        let body =
            #"{"type": "Sequential", "seed": 3, "input_name": "x", "output_name": "y", "tied": {"2.bias": "0.bias"}, "modules": "#
            + #"[{"type": "Linear", "in_features": 2, "out_features": 2}, {"type": "ref", "ref": "act"}, "#
            + #"{"type": "Linear", "in_features": 2, "out_features": 2}]}"#
        _ = await server.json(.put, "/v1/modules/act", #"{"type": "Hardtanh", "max_val": "Infinity"}"#)
        let made = await server.json(.put, "/v1/modules/m", body.replacing(#""type": "ref", "#, with: ""))
        #expect(made.status == 201, "\(made.text)")
        let saved = await server.get("/v1/modules/m/state_dict", as: type)
        #expect(saved.fields[.contentType] == type)
        let contents = try Safetensors.contents(of: saved.body)
        let again = try await server.api.registry.load("again", safetensors: contents, description: nil)
        #expect(again.inputName == "x" && again.outputName == "y")
        #expect(again.ties == ["2.bias": "0.bias"])
        #expect(again.repr == made.json["repr"]?.asString)
        #expect(await put(saved.body, type: type).status == 200)
    }

    @Test func oldBatchNormsHaveNoCounter() async throws {
        for affine in [true, false] {
            let layer = #"{"type": "BatchNorm1d", "num_features": 1, "affine": \#(affine)}"#
            let weights = affine ? #""0.weight": [2], "0.bias": [1], "# : ""
            let state = #"{\#(weights)"0.running_mean": [1], "0.running_var": [4]}"#
            let body = #"{"type": "Sequential", "modules": [\#(layer)], "state_dict": \#(state)}"#
            #expect([200, 201].contains(await server.json(.put, "/v1/modules/m", body).status))
            #expect(await server.json(.put, "/v1/modules/m/state_dict", state).status == 200)
            let counter = await server.get("/v1/modules/m/parameters/0.num_batches_tracked")
            #expect(counter.json["data"] == 0)
            let short = await server.json(.put, "/v1/modules/m/state_dict", #"{"0.running_mean": [1]}"#)
            #expect(short.status == 422)
            #expect(short.detail?.contains("running_var") == true)
            #expect(short.detail?.contains("num_batches_tracked") == false, "\(short.text)")
        }
    }

    /// Not nested, from safetensors too, and of the norms that keep statistics only where they are told to.
    @Test(arguments: [#""type": "BatchNorm1d""#, #""type": "InstanceNorm1d", "track_running_stats": true"#])
    func oldNormsOfSafetensorsHaveNoCounterEither(type: String) async throws {
        let body = #"{\#(type), "num_features": 1, "affine": false}"#
        #expect(await server.json(.put, "/v1/modules/m", body).status == 201)
        let counted = #"{"running_mean": [1], "running_var": [1], "num_batches_tracked": 5}"#
        #expect(await server.json(.put, "/v1/modules/m/state_dict", counted).status == 200)
        let state: OrderedDictionary<String, Tensor> = [
            "running_mean": try Tensor([1] as [Float]), "running_var": try Tensor([4] as [Float]),
        ]
        // PyTorch keeps the counter of the module where the file has none.
        #expect(await put(try Safetensors.bytes(of: state)).status == 200)
        #expect(await server.get("/v1/modules/m/parameters/num_batches_tracked").json["data"] == 5)
        #expect(await server.get("/v1/modules/m/parameters/running_var").json["data"] == [4.0])
        let file = try Safetensors.bytes(of: state, metadata: ["callpath": body])
        _ = try await server.api.registry.load("again", safetensors: Safetensors.contents(of: file), description: nil)
        #expect(await server.get("/v1/modules/again/parameters/num_batches_tracked").json["data"] == 0)
    }
}
