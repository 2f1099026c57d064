import HTTP
import HTTPTypes
import JSON
import Testing
import TestServer
import Web

@testable import ModuleAPI

/// A table looks up whole numbers; PyTorch refuses all others, and so do lists of them.
struct IndexTests {
    private let server = Server()

    private static func text(_ type: String) -> String {
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got \(type) "
            + "instead (while checking arguments for embedding)"
    }

    private static let networks = [
        #"{"name": "m", "type": "Embedding", "num_embeddings": 3, "embedding_dim": 2}"#,
        #"{"name": "m", "type": "Sequential", "modules": [{"type": "Identity"}, "#
            + #"{"type": "Embedding", "num_embeddings": 3, "embedding_dim": 2}, {"type": "Tanh"}]}"#,
    ]

    @Test(
        arguments: [
            ("[2.9]", "torch.FloatTensor"), ("[-0.5]", "torch.FloatTensor"), ("[[1.0, 2.5]]", "torch.FloatTensor"),
            ("1.5", "torch.FloatTensor"), ("[1e-30]", "torch.FloatTensor"), ("[0, 1, 1e-300]", "torch.FloatTensor"),
            (#"["NaN"]"#, "torch.FloatTensor"), (#"[0, "Infinity"]"#, "torch.FloatTensor"),
            ("[true]", "CPUBoolType"), ("[[false, true]]", "CPUBoolType"), ("true", "CPUBoolType"),
            ("[true, 2]", "CPUBoolType"), (#"{"data": [2.9]}"#, "torch.FloatTensor"),
            (#"{"data": [1], "dtype": "float64"}"#, "torch.DoubleTensor"),
        ],
        networks
    )
    func refusesWhatIsNoIndex(given: (list: String, type: String), network: String) async throws {
        #expect(await server.json(.post, "/v1/modules", network).status == 201)
        for route in ["call", "trace", "backward"] {
            let answer = await server.json(.post, "/v1/modules/m/\(route)", #"{"input": \#(given.list)}"#)
            #expect(answer.status == 422, "\(route): \(answer.text)")
            #expect(answer.code == "dtype_mismatch")
            #expect(answer.detail?.contains(Self.text(given.type)) == true, "\(answer.text)")
        }
        for form in ["input", "instances"] {
            let answer = await server.json(.post, "/invocations", #"{"\#(form)": \#(given.list)}"#)
            #expect(answer.status == 422, "\(form): \(answer.text)")
            #expect(answer.text.contains("to have one of the following scalar types: Long, Int"), "\(answer.text)")
        }
    }

    @Test(
        arguments: [
            ("[2]", [1, 2]), ("[2.0]", [1, 2]), ("[2, 1.0]", [2, 2]), ("[2e0]", [1, 2]), ("[-0.0]", [1, 2]),
            ("2", [2]), ("[]", [0, 2]), ("[[0], [2.0]]", [2, 1, 2]),
        ] as [(String, [Int64])],
        networks
    )
    func takesWholeNumbersAsIndices(given: (list: String, shape: [Int64]), network: String) async throws {
        #expect(await server.json(.post, "/v1/modules", network).status == 201)
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": \#(given.list)}"#)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["shape"] == .array(given.shape.map { .number(.int($0)) }), "\(answer.text)")
    }

    @Test func aHookOnATableAddsFractions() async throws {
        #expect(await server.json(.post, "/v1/modules", Self.networks[0]).status == 201)
        let hooks = #"[{"kind": "forward", "action": {"type": "replace", "value": [0.5, 0.25]}}]"#
        let answer = await server.json(.post, "/v1/modules/m/call", #"{"input": [1], "hooks": \#(hooks)}"#)
        #expect(answer.json["output"] == [0.5, 0.25], "\(answer.text)")
    }
}
