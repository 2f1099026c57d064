import OrderedCollections
import Tensors
import Testing

@testable import NN

struct StateDictTests {
    private func network() throws -> Sequential {
        try Sequential(
            Linear(inFeatures: 2, outFeatures: 3),
            ReLU(),
            Linear(inFeatures: 3, outFeatures: 1, bias: false)
        )
    }

    @Test func holdsParametersThenChildrenWithoutWhatIsNone() throws {
        #expect(Array(try network().stateDict().keys) == ["0.weight", "0.bias", "2.weight"])
        #expect(try network().stateDict().values.allSatisfy { !$0.requiresGrad })
    }

    @Test func holdsASharedModuleUnderEveryName() throws {
        let layer = try linear()
        let network = try Sequential(layer, layer)
        #expect(Array(network.stateDict().keys) == ["0.weight", "0.bias", "1.weight", "1.bias"])
        #expect(network.namedParameters().map(\.name) == ["0.weight", "0.bias"])
        #expect(network.namedModules().map(\.name) == ["", "0"])
        #expect(network.namedChildren().map(\.name) == ["0"])
    }

    @Test func holdsPersistentBuffersOnly() throws {
        let module = Module()
        try module.registerBuffer("kept", ones())
        try module.registerBuffer("left", ones(), isPersistent: false)
        try module.registerBuffer("none", nil)
        #expect(Array(module.stateDict().keys) == ["kept"])
        #expect(module.namedBuffers().map(\.name) == ["kept", "left"])
    }

    @Test func loadsAndConverts() throws {
        let (source, target) = (try network(), try network())
        try target.to(.float64)
        #expect(try target.loadStateDict(source.stateDict()).description == "<All keys matched successfully>")
        #expect(target.stateDict()["0.weight"]?.dtype == .float64)
        #expect(target.stateDict()["0.weight"]?.floats == source.stateDict()["0.weight"]?.floats)
    }

    @Test func reportsAllProblemsInPyTorchsWords() throws {
        let layer = try Linear(inFeatures: 2, outFeatures: 3)
        let error = #expect(throws: ModuleError.self) {
            try layer.loadStateDict(["weight": Tensor.ones([2, 3]), "x": Tensor.ones([4])])
        }
        #expect(
            error?.message() == """
                Error(s) in loading state_dict for Linear:
                \tMissing key(s) in state_dict: "bias".\u{20}
                \tUnexpected key(s) in state_dict: "x".\u{20}
                \tsize mismatch for weight: copying a param with shape torch.Size([2, 3]) from checkpoint, the shape in \
                current model is torch.Size([3, 2]).
                """
        )
        #expect(error?.kind == .runtime)
    }

    /// Made with PyTorch 2.13: Sequential(Linear(2, 3), ReLU(), Linear(3, 1, bias=False)).
    @Test func ordersUnexpectedKeysModuleByModule() throws {
        let network = try network()
        var state = network.stateDict()
        for key in ["2.weigth", "3.weight", "x", "0.a.b", "0.", "1.weight", ""] { state[key] = try ones() }
        state.removeValue(forKey: "0.bias")
        let error = #expect(throws: ModuleError.self) { try network.loadStateDict(state) }
        #expect(
            error?.message() == """
                Error(s) in loading state_dict for Sequential:
                \tMissing key(s) in state_dict: "0.bias".\u{20}
                \tUnexpected key(s) in state_dict: "3.weight", "x", "", "0.a.b", "0.", "1.weight", "2.weigth".\u{20}
                """
        )
    }

    @Test func loadsWhatFitsAndThenThrowsAsPyTorchDoes() throws {
        let layer = try linear()
        #expect(throws: ModuleError.self) {
            try layer.loadStateDict(["weight": Tensor.ones([3, 3]), "bias": vector(7, 8)])
        }
        #expect(layer.bias?.tensor.floats == [7, 8])
        #expect(layer.weight?.tensor.floats == [1, 2, 3, 4])
    }

    @Test func checksWithoutTouchingAnything() throws {
        let layer = try linear()
        let state: OrderedDictionary<String, Tensor> = try ["weight": Tensor.ones([2, 2]), "x": ones()]
        #expect(throws: ModuleError.self) { try layer.checkStateDict(state) }
        let keys = try layer.checkStateDict(state, strict: false)
        #expect(keys.description == "_IncompatibleKeys(missing_keys=['bias'], unexpected_keys=['x'])")
        #expect(layer.weight?.tensor.floats == [1, 2, 3, 4])
    }

    @Test func takesAListOfOneNumberForAScalar() throws {
        let module = Module()
        try module.registerBuffer("count", Tensor(scalar: 0 as Int64))
        try module.loadStateDict(["count": Tensor([5] as [Int64])])
        #expect(try module.buffer(at: "count")?.item() == 5)
        #expect(module.buffer(at: "count")?.shape == [])
    }

    @Test func keepsTheParameterObjectsAndTheirGradients() throws {
        let layer = try linear()
        let weight = try #require(layer.weight)
        try layer(ones()).sum().backward()
        try layer.loadStateDict(linear().stateDict())
        #expect(layer.weight === weight)
        #expect(weight.grad?.floats == [1, 1, 1, 1])
        #expect(weight.requiresGrad)
    }
}
