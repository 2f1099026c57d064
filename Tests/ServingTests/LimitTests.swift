import OrderedCollections
import Tensors
import Testing

@testable import Models
@testable import Serving

struct LimitTests {
    private func registry(_ change: (inout ServingLimits) -> Void) -> Registry {
        var options = ServingOptions()
        change(&options.limits)
        return Registry(options: options)
    }

    /// A chain of containers, one inside the other.
    private func nested(_ depth: Int) -> NodeDescription {
        (1..<depth).reduce(.layer("ReLU")) { inner, _ in .sequential(inner) }
    }

    @Test(arguments: [
        (1 << 62, 3, "Storage size calculation overflowed with sizes=[3, 4611686018427387904]"),
        (1 << 40, 1 << 40, "Storage size calculation overflowed with sizes=[1099511627776, 1099511627776]"),
        (-4, 3, "Trying to create tensor with negative dimension -4: [3, -4]"),
        (1 << 20, 1 << 18, "the limit maxParameterBytes is 536870912, this needs 1099511627776"),
        (1 << 61, 1, "Storage size calculation overflowed with sizes=[1, 2305843009213693952]"),
    ])
    func refusesImpossibleSizesBeforeMemoryIsTaken(inFeatures: Int, outFeatures: Int, text: String) {
        #expect(problem(with: .linear(inFeatures, outFeatures))?.text == text)
    }

    @Test func refusesATreeOfTooManyBytes() async throws {
        // A weight counts twice: calls keep a packed copy of it. A layer of two tensors is three objects of 1,024 bytes.
        let registry = registry { $0.maxBytes = 3_232 }
        try await registry.add("a", .linear(2, 2))
        let error = await servingError { try await registry.add("b", .sequential(.linear(16, 16), .linear(16, 16))) }
        #expect(error == .limitExceeded(.bytes, limit: 3_232, requested: 4_160, at: ["modules", "1"]))
        let second = await servingError { try await registry.add("b", .linear(4, 4)) }
        #expect(second == .limitExceeded(.bytes, limit: 3_232, requested: 6_328))
        let layers = NodeDescription.sequential(.layer("ReLU"), .layer("ReLU"), .layer("ReLU"))
        let third = await servingError { try await registry.add("b", layers) }
        #expect(third == .limitExceeded(.bytes, limit: 3_232, requested: 4_099, at: []))
        #expect(registry.facts.byteCount == 3_112)
    }

    /// A hundred layers without a tensor take memory too: a module each, its key and its path, with a point before it.
    @Test func countsWhatModulesTakeBesideTheirTensors() async throws {
        let registry = Registry()
        let layers = Array(repeating: ChildDescription(node: .layer("ReLU")), count: 100)
        try await registry.add("net", .layer(LayerDescription(type: "Sequential", children: layers)))
        #expect(registry.facts.byteCount == 101 * 1_024 + 190 + 290)
        try await registry.delete("net")
        #expect(registry.facts.byteCount == 0)
    }

    /// A few long keys one inside the other make a long path for each of a thousand layers.
    @Test func refusesTooManyBytesOfPathsBeforeTheyAreTaken() async throws {
        let layers = Array(repeating: ChildDescription(node: .layer("ReLU")), count: 1_000)
        let wide = NodeDescription.layer(LayerDescription(type: "Sequential", children: layers))
        let key = String(repeating: "k", count: 16_384)
        func deep(_ node: NodeDescription) -> NodeDescription {
            (0..<29).reduce(node) { node, _ in
                .layer(LayerDescription(type: "Sequential", children: [ChildDescription(key: key, node: node)]))
            }
        }
        let registry = registry { $0.maxBytes = 100 << 20 }
        try await registry.add("wide", wide)
        for root in [deep(wide), deep(.ref("wide"))] {
            let error = await servingError { try await registry.add("deep", root) }
            guard case .limitExceeded(.bytes, 104_857_600, let requested, nil) = error else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(requested ?? 0 > 29 * 16_384 * 1_000)
        }
    }

    @Test func givesRoomBackWhenACreationFails() async throws {
        let registry = registry { $0.maxBytes = 3_200 }
        for _ in 0..<10 {
            let error = await servingError {
                try await registry.add("a", .linear(2, 2), ["x": try Tensor([1] as [Float])])
            }
            guard case .stateDictMismatch = error else { return #expect(Bool(false), "\(String(describing: error))") }
        }
        try await registry.add("a", .linear(2, 2))
    }

    @Test func refusesTooManyModules() async throws {
        let registry = registry { $0.maxModules = 2 }
        try await registry.add("a", .layer("ReLU"))
        try await registry.add("b", .layer("ReLU"))
        let error = await servingError { try await registry.add("c", .layer("ReLU")) }
        #expect(error == .limitExceeded(.modules, limit: 2, requested: 3))
        _ = try await registry.put(ModuleDescription(name: "b", root: .layer("Tanh")))
    }

    @Test func refusesTreesThatAreTooDeepOrTooLarge() async throws {
        let registry = registry { limits in
            limits.maxTreeDepth = 4
            limits.maxTreeModules = 10
        }
        try await registry.add("deep", nested(4))
        let deeper = await servingError { try await registry.add("deeper", nested(5)) }
        let place = ["modules", "0", "modules", "0", "modules", "0", "modules", "0"]
        #expect(deeper == .limitExceeded(.treeDepth, limit: 4, requested: nil, at: place))
        let around = await servingError { try await registry.add("around", .sequential(.ref("deep"))) }
        #expect(around == .limitExceeded(.treeDepth, limit: 4, requested: 5))
        let wide = ChildDescription(node: .layer("ReLU"))
        let large = LayerDescription(type: "Sequential", children: Array(repeating: wide, count: 10))
        let larger = await servingError { try await registry.add("large", .layer(large)) }
        #expect(larger == .limitExceeded(.treeModules, limit: 10, requested: nil, at: ["modules", "9"]))
    }

    @Test func countsReferencesThatMultiply() async throws {
        let registry = Registry()
        try await registry.add("n0", .layer("ReLU"))
        var error: ServingError?
        for level in 1...13 where error == nil {
            error = await servingError {
                try await registry.add("n\(level)", .sequential(.ref("n\(level - 1)"), .ref("n\(level - 1)")))
            }
        }
        #expect(error == .limitExceeded(.treeModules, limit: 4_096, requested: 8_191))
    }

    @Test func refusesTooManyHooks() async throws {
        let registry = registry { limits in
            limits.maxHooks = 2
            limits.maxHooksPerCall = 1
        }
        try await registry.add("fc", .linear(2, 2))
        let hook = HookDescription(kind: .forward, action: .statistics)
        for _ in 0..<2 { _ = try await registry.registerHook(hook, on: "fc") }
        let third = await servingError { _ = try await registry.registerHook(hook, on: "fc") }
        #expect(third == .limitExceeded(.hooks, limit: 2, requested: nil))
        let call = await servingError { _ = try await registry.call("fc", [1, 1], hooks: [hook, hook]) }
        #expect(call == .limitExceeded(.hooksPerCall, limit: 1, requested: 2, at: ["hooks"]))
        for _ in 0..<2 { _ = try await registry.registerGlobalHook(hook) }
        await #expect(throws: ServingError.limitExceeded(.hooks, limit: 2, requested: nil)) {
            try await registry.registerGlobalHook(hook)
        }
    }

    @Test func refusesHookTensorsBeyondTheBudgetAndGivesItBack() async throws {
        let registry = registry { $0.maxHookBytes = 20 }
        try await registry.add("fc", .linear(2, 2))
        let hook = HookDescription(kind: .forward, action: .add(.tensor(try Tensor([1, 2, 3] as [Float]))))
        let first = try await registry.registerHook(hook, on: "fc").hook
        let second = await servingError { _ = try await registry.registerHook(hook, on: "fc") }
        #expect(second == .limitExceeded(.hookBytes, limit: 20, requested: 12))
        #expect(first.id >= 0)
    }

    @Test func refusesToCaptureTooMuch() async throws {
        let registry = registry { $0.maxCaptureBytes = 10 }
        try await registry.add("fc", .linear(2, 2))
        let hook = HookDescription(kind: .forward, action: .capture)
        _ = try await registry.call("fc", [1, 1], hooks: [hook])
        let error = await servingError { _ = try await registry.call("fc", [1, 1], hooks: [hook, hook]) }
        #expect(error == .captureTooLarge(limit: 10))
    }

    @Test func refusesACallWhoseTensorsAreTooLarge() async throws {
        let registry = registry { $0.maxTensorBytes = 2 << 20 }
        try await registry.add("wide", .linear(1, 100))
        let input = try Tensor.zeros([10_000, 1])
        await #expect(throws: TensorError.self) {
            _ = try await registry.call(try registry.moduleVersion("wide"), CallRequest(inputs: [input]))
        }
    }
}
