import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

/// Arguments that are floats may be infinite or no number: JSON has no literal for them, so they are strings.
struct NonFiniteArgumentTests {
    private let server = Server()

    @Test(
        arguments: [
            (#""type": "Hardtanh", "min_val": 0, "max_val": "Infinity""#, "Hardtanh(min_val=0, max_val=inf)"),
            (#""type": "Hardtanh", "min_val": "-Infinity", "max_val": "NaN""#, "Hardtanh(min_val=-inf, max_val=nan)"),
            (#""type": "LeakyReLU", "negative_slope": "-Infinity""#, "LeakyReLU(negative_slope=-inf)"),
            (#""type": "Softplus", "beta": "Infinity""#, "Softplus(beta=inf, threshold=20.0)"),
            (#""type": "ELU", "alpha": "NaN""#, "ELU(alpha=nan)"),
            (#""type": "RMSNorm", "normalized_shape": 2, "eps": "Infinity""#, "RMSNorm((2,), eps=inf, "),
            (#""type": "BatchNorm1d", "num_features": 2, "momentum": "NaN""#, "BatchNorm1d(2, eps=1e-05, momentum=nan"),
            (#""type": "Upsample", "scale_factor": "Infinity""#, "Upsample(scale_factor=inf, mode='nearest')"),
            (#""type": "Upsample", "scale_factor": ["NaN",2.0]"#, "Upsample(scale_factor=(nan, 2.0), mode='nearest')"),
        ]
    )
    func areTakenAndShown(arguments: String, repr: String) async throws {
        let made = await server.json(.post, "/v1/modules", #"{"name": "m", \#(arguments)}"#)
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["repr"]?.asString?.hasPrefix(repr) == true, "\(made.text)")
        let document = await server.get("/v1/modules/m")
        for member in arguments.replacing(" ", with: "").split(separator: ",") {
            #expect(document.text.contains(member), "\(document.text)")
        }
        let copy = document.text.replacing(#""name":"m","#, with: "")
        #expect(await server.json(.put, "/v1/modules/again", copy).status == 201)
    }

    @Test(
        arguments: [
            (#""type": "Hardtanh", "max_val": "inf""#, "must be float, not str"),
            (#""type": "Hardtanh", "max_val": "infinity""#, "must be float, not str"),
            (#""type": "Linear", "in_features": "Infinity", "out_features": 2"#, "must be int, not str"),
            (#""type": "Softmax", "dim": "NaN""#, "must be int or None, not str"),
            (#""type": "Dropout", "p": "Infinity""#, "dropout probability has to be between 0 and 1, but got inf"),
            (#""type": "Hardtanh", "min_val": "Infinity""#, ""),
            (#""type": "Upsample", "scale_factor": ["inf"]"#, "must be float, tuple of floats or None, not list"),
            (#""type": "FractionalMaxPool2d", "kernel_size": 2, "output_ratio": "NaN""#, "must be between 0 and 1"),
        ]
    )
    func areRefusedWhereNoneCanBe(arguments: String, detail: String) async throws {
        let made = await server.json(.post, "/v1/modules", #"{"name": "m", \#(arguments)}"#)
        #expect(made.status == 422, "\(made.text)")
        #expect(made.detail?.contains(detail) == true, "\(made.text)")
    }

    @Test(arguments: [#""Infinity""#, #""NaN""#, "[1e300]"])
    func aFactorThatGivesNoSizeIsToldSoAtTheCall(factor: String) async throws {
        let body = #"{"name": "m", "type": "Upsample", "scale_factor": \#(factor)}"#
        #expect(await server.json(.post, "/v1/modules", body).status == 201)
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": [[[1, 2]]]}"#)
        #expect(answer.status == 422)
        #expect(answer.detail?.contains("gives no size that can be counted") == true, "\(answer.text)")
    }

    @Test func areTakenByAHook() async throws {
        #expect(await server.json(.post, "/v1/modules", #"{"name": "m", "type": "Identity"}"#).status == 201)
        let action = #"{"type": "activation", "name": "Hardtanh", "min_val": 0, "max_val": "Infinity"}"#
        let hook = await server.json(.post, "/v1/modules/m/hooks", #"{"kind": "forward", "action": \#(action)}"#)
        #expect(hook.status == 201, "\(hook.text)")
        #expect(hook.text.contains(#""max_val":"Infinity""#), "\(hook.text)")
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": [-1, 1e30]}"#)
        #expect(answer.json["output"] == [0.0, 1e30], "\(answer.text)")
    }
}
