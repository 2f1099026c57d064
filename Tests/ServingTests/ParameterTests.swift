import OrderedCollections
import Testing

@testable import Models
@testable import Serving
@testable import Tensors

struct ParameterTests {
    let registry = Registry()

    @Test func takesTheBiasAwayAndBringsItBack() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        let without = try await registry.setParameter("bias", of: "fc", to: nil)
        #expect(try await registry.call("fc", [1, 1]) == [3, 7])
        #expect(without.document.arguments["bias"] == .bool(false))
        #expect(throws: ServingError.unknownParameter(module: "fc", key: "bias")) { try without.tensor("bias") }
        let with = try await registry.setParameter("bias", of: "fc", to: try Tensor([1, 1] as [Float]))
        #expect(try await registry.call("fc", [1, 1]) == [4, 8])
        #expect(with.document.arguments["bias"] == .bool(true))
        #expect(with.version == 3)
    }

    /// A call after a change takes as long as one before it: the weight is packed when it is seen.
    @Test(arguments: [2, 96, 300])
    func weightsArePackedBeforeTheyAreSeen(side: Int) async throws {
        func isPacked(_ key: String) async throws -> Bool {
            try !(await registry.module("net")).tensor(key).tensor.body.origin.packing.isEmpty
        }
        try await registry.add("net", .sequential(.linear(side, side), .linear(side, side)))
        #expect(try await isPacked("0.weight"))
        #expect(try await isPacked("1.weight"))
        let ones = try Tensor([Float](repeating: 1, count: side * side)).reshaped(to: [side, side])
        _ = try await registry.setParameter("0.weight", of: "net", to: ones)
        #expect(try await isPacked("0.weight"))
        let copy = try Tensor([Float](repeating: 1, count: side * side)).reshaped(to: [side, side])
        let bias = try Tensor([Float](repeating: 0, count: side))
        let state: OrderedDictionary = ["1.weight": copy, "0.bias": bias, "1.bias": bias]
        _ = try await registry.loadStateDict(state, into: "net", strict: false)
        #expect(try await isPacked("1.weight"))
        #expect(try await registry.call("net", [Float](repeating: 1, count: side)).last == Float(side * side))
    }

    @Test func refusesWhatDoesNotFit() async throws {
        try await registry.add("fc", .linear(2, 3))
        let shape = await servingError {
            _ = try await registry.setParameter("weight", of: "fc", to: try matrix([[1, 2], [3, 4]]))
        }
        #expect(
            shape?.message
                == "size mismatch for weight: copying a param with shape torch.Size([2, 2]) from checkpoint, "
                + "the shape in current model is torch.Size([3, 2])."
        )
        let dtype = await servingError {
            _ = try await registry.setParameter("bias", of: "fc", to: try Tensor([1, 2, 3] as [Double]))
        }
        #expect(dtype == .dtypeMismatch(key: "bias", expected: "float32", got: "float64"))
        let none = await servingError { _ = try await registry.setParameter("weight", of: "fc", to: nil) }
        #expect(none == .noNone(key: "weight"))
        #expect(try registry.moduleVersion("fc").version == 1)
    }

    @Test(arguments: ["x", "0.x", "0.weight.y", "2.weight", "", ".", "0.", "weight"])
    func refusesUnknownKeys(key: String) async throws {
        try await registry.add("net", .sequential(.linear(2, 2), .layer("ReLU")))
        let error = await servingError {
            _ = try await registry.setParameter(key, of: "net", to: try Tensor([1] as [Float]))
        }
        #expect(error == .unknownParameter(module: "net", key: key))
        #expect(throws: ServingError.unknownParameter(module: "net", key: key)) {
            try registry.moduleVersion("net").tensor(key)
        }
    }

    @Test func reportsAllProblemsOfAStateDictAndLoadsNothing() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        let state: OrderedDictionary<String, Tensor> = [
            "weight": try matrix([[1, 2, 3]]), "x": try Tensor([1] as [Float]),
        ]
        let error = await servingError { _ = try await registry.loadStateDict(state, into: "fc") }
        #expect(
            error?.message == """
                Error(s) in loading state_dict for Linear:
                \tMissing key(s) in state_dict: "bias".\u{20}
                \tUnexpected key(s) in state_dict: "x".\u{20}
                \tsize mismatch for weight: copying a param with shape torch.Size([1, 3]) from checkpoint, the shape in \
                current model is torch.Size([2, 2]).
                """
        )
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
        #expect(try registry.moduleVersion("fc").version == 1)
    }

    @Test func loadsWhatThereIsWhenNotStrict() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        let state: OrderedDictionary<String, Tensor> = [
            "bias": try Tensor([0, 0] as [Double]), "x": try Tensor([1] as [Float]),
        ]
        let load = try await registry.loadStateDict(state, into: "fc", strict: false)
        #expect(load.missingKeys == ["weight"])
        #expect(load.unexpectedKeys == ["x"])
        #expect(try await registry.call("fc", [1, 1]) == [3, 7])
        #expect(try load.moduleVersion.tensor("bias").tensor.dtype == .float32)
    }

    @Test func refusesAStateDictAtCreationWithoutATrace() async throws {
        let error = await servingError { try await registry.add("fc", .linear(2, 2), ["weight": try matrix([[1]])]) }
        guard case .stateDictMismatch = error else { return #expect(error == nil) }
        #expect(registry.facts.modules == 0)
    }

    @Test func setsBuffers() async throws {
        try await registry.add("bn", .layer("BatchNorm1d", ["num_features": .int(2)]))
        let changed = try await registry.setParameter("running_mean", of: "bn", to: try Tensor([1, 2] as [Float]))
        #expect(try changed.tensor("running_mean").tensor.scalars(as: Float.self) == [1, 2])
        #expect(try !changed.tensor("running_mean").isParameter)
        let counted = try await registry.setParameter("num_batches_tracked", of: "bn", to: try Tensor(scalar: Int64(7)))
        #expect(try counted.tensor("num_batches_tracked").tensor.item() == 7)
    }
}
