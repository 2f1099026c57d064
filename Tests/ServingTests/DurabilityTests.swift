import Foundation
import OrderedCollections
import Store
import Tensors
import Testing

@testable import Models
@testable import Serving

/// What a registry that has a store still knows when it is opened again.
@Suite(.timeLimit(.minutes(2)))
struct DurabilityTests {
    private let folder = DataFolder()

    private static func hook(_ kind: HookKind = .forward, scale: Double, prepend: Bool = false) -> HookDescription {
        HookDescription(kind: kind, action: .scale(.double(scale)), prepend: prepend)
    }

    private static func reference(_ names: String...) -> NodeDescription {
        .layer(LayerDescription(type: "Sequential", children: names.map { ChildDescription(node: .ref($0)) }))
    }

    @Test func keepsModulesAndTheirTensorsBitForBit() async throws {
        let norm = NodeDescription.layer("BatchNorm1d", ["num_features": .int(3)])
        let nodes: [(String, NodeDescription)] = [
            ("linear", .linear(4, 3)), ("half", .linear(3, 2, bias: false, dtype: .bfloat16)), ("relu", .layer("ReLU")),
            ("net", .sequential(.linear(4, 3), norm, .layer("Dropout", ["p": .double(0.25)]))),
        ]
        var before: [String: OrderedDictionary<String, Tensor>] = [:]
        var texts: [String: String] = [:]
        try await folder.use { registry async throws in
            for (name, node) in nodes {
                let made = try await registry.add(name, node, training: name == "net")
                (before[name], texts[name]) = (made.stateDict, made.repr)
            }
        }
        try await folder.use { registry async throws in
            #expect(registry.entries().entries.map(\.name) == nodes.map(\.0).sorted())
            for (name, _) in nodes {
                let kept = try await registry.module(name)
                #expect(kept.version == 1)
                #expect(kept.repr == texts[name])
                #expect(kept.isTraining == (name == "net"))
                #expect(kept.stateDict.keys == before[name]?.keys)
                for (key, tensor) in kept.stateDict {
                    #expect(before[name]?[key]?.hasSameBits(as: tensor) == true, "\(name).\(key)")
                }
            }
        }
    }

    /// What was one parameter under several names and what is left of them, each a version of its own.
    @Test(arguments: ["0.bias", "1.bias", "2.bias"], [false, true])
    func keepsWhatIsLeftOfATie(gone: String, isSetAgain: Bool) async throws {
        var description = ModuleDescription(
            name: "net",
            root: .sequential(.linear(2, 2), .linear(2, 2), .linear(2, 2)),
            seed: 0
        )
        description.tied = ["1.bias": "0.bias", "2.bias": "0.bias"]
        let (ties, state, first) = try await folder.use { registry async throws in
            _ = try await registry.put(description)
            var made = try await registry.setParameter("1.bias", of: "net", to: try Tensor([5, 6] as [Float]))
            let first = made.stateDict
            made = try await registry.setParameter(gone, of: "net", to: nil)
            #expect(made.ties.count == 1)
            if isSetAgain {
                made = try await registry.setParameter(gone, of: "net", to: try Tensor([7, 8] as [Float]))
            }
            return (made.ties, made.stateDict, first)
        }
        try await folder.use { registry async throws in
            let kept = try await registry.module("net")
            #expect(kept.ties == ties && kept.stateDict.keys == state.keys)
            for (key, tensor) in state { #expect(kept.stateDict[key]?.hasSameBits(as: tensor) == true, "\(key)") }
            if !isSetAgain {
                let old = try await registry.module("net", version: 2)
                #expect(old.ties == ["1.bias": "0.bias", "2.bias": "0.bias"] && old.stateDict.keys == first.keys)
            }
            let changed = try await registry.setParameter(ties.keys[0], of: "net", to: try Tensor([1, 2] as [Float]))
            #expect(changed.stateDict[ties.values[0]]?.scalars(as: Float.self) == [1, 2])
        }
    }

    /// Earlier versions wrote ties down that did not hold any more: what is written opens as what it was.
    @Test(
        arguments: [
            (["0", "1"], ["2.bias": "0.bias"], [:]),
            (["0"], ["1.bias": "0.bias", "2.bias": "0.bias"], ["2.bias": "1.bias"]),
            (["2"], ["1.bias": "0.bias", "2.bias": "0.bias"], ["1.bias": "0.bias"]), ([], ["1.bias": "0.bias"], [:]),
        ] as [([String], OrderedDictionary<String, String>, OrderedDictionary<String, String>)]
    )
    func opensTiesOfParametersThatAreGone(
        gone: [String],
        written: OrderedDictionary<String, String>,
        left: OrderedDictionary<String, String>
    ) throws {
        let layers = (0..<3).map { NodeDescription.linear(2, 2, bias: !gone.contains("\($0)")) }
        var description = ModuleDescription(root: .sequential(layers[0], layers[1], layers[2]))
        description.tied = written
        var checker = DescriptionChecker(limits: ServingLimits().descriptions, hasStateDict: true)
        let layer = try checker.check(root: description.root)
        // In the last row all have tensors of their own.
        let built = try BuiltTree(unfilled: description, layer) { key in gone.isEmpty || !written.keys.contains(key) }
        #expect(built.plan.ties == left)
    }

    @Test func keepsEachChange() async throws {
        try await folder.use { registry async throws in
            try await registry.add("fc", .linear(2, 2), smallState())
            try await registry.add("net", Self.reference("fc"))
            _ = try await registry.setParameter("bias", of: "fc", to: nil)
            _ = try await registry.loadStateDict(["0.weight": matrix([[0, 1], [1, 0]])], into: "net", strict: false)
            try await registry.add("gone", .layer("ReLU"))
            _ = try await registry.setParameter("bias", of: "fc", to: try Tensor([7, 8] as [Float]))
            _ = try await registry.setParameter("bias", of: "fc", to: nil)
            try await registry.delete("gone")
        }
        try await folder.use { registry async throws in
            let fc = try await registry.module("fc")
            #expect(fc.version == 5)
            #expect(fc.stateDict.keys == ["weight"])
            #expect(try await registry.call("net", [3, 4]) == [4, 3])
            let net = try await registry.module("net")
            #expect(net.references["fc"] === fc)
            #expect(try registry.versions(of: "fc") == [4, 5])
            let old = try await registry.module("fc", version: 4)
            let output = try await registry.call(old, CallRequest(inputs: [Tensor([3, 4] as [Float])])).output
            #expect(output.scalars(as: Float.self) == [11, 11])
            await #expect(throws: ServingError.unknownModule("gone")) { try await registry.module("gone") }
            // Above what any deleted module had, and the references go on as before.
            #expect(try await registry.add("new", .layer("ReLU")).version == 2)
            _ = try await registry.setParameter("weight", of: "fc", to: matrix([[1, 0], [0, 1]]))
            #expect(try await registry.call("net", [3, 4]) == [3, 4])
        }
    }

    @Test func keepsHooksInTheirOrderWithTheirTensors() async throws {
        var ids: [Int] = []
        let large = try Tensor([Float](repeating: 2, count: 20_000))
        try await folder.use { registry async throws in
            try await registry.add("net", .sequential(.linear(2, 2)), smallState(prefix: "0."))
            let add = HookDescription(kind: .forward, action: .add(.tensor(try Tensor([1, 2] as [Float]))))
            ids.append(try await registry.registerHook(add, on: "net").hook.id)
            ids.append(try await registry.registerHook(Self.hook(scale: 10, prepend: true), on: "net").hook.id)
            var inner = Self.hook(scale: -1)
            inner.module = "0"
            ids.append(try await registry.registerHook(inner, on: "net").hook.id)
            let gone = try await registry.registerHook(Self.hook(scale: 0), on: "net").hook
            _ = try await registry.removeHook(gone.id, from: "net")
            ids.append(try await registry.registerGlobalHook(Self.hook(.forwardPre, scale: 2)).hook.id)
            let unused = HookDescription(kind: .fullBackward, action: .add(.tensor(large)))
            ids.append(try await registry.registerGlobalHook(unused).hook.id)
            ids.append(gone.id)
        }
        try await folder.use { registry async throws in
            let kept = try await registry.module("net").hooks.map(\.id) + registry.globalHooks.map(\.id)
            #expect(kept == Array(ids.prefix(5)))
            // Doubled for the network and again for the layer: [4, 4]; then -1, times 10, plus [1, 2].
            #expect(try await registry.call("net", [1, 1]) == [-124, -273])
            guard case .add(.tensor(let tensor)) = registry.globalHooks[1].description.action else {
                Issue.record("the hook lost its tensor")
                return
            }
            #expect(tensor.hasSameBits(as: large))
            let next = try await registry.registerHook(Self.hook(scale: 1), on: "net").hook.id
            #expect(next > ids.max() ?? 0)
            try await registry.removeGlobalHook(ids[3])
        }
        try await folder.use { registry in #expect(registry.globalHooks.map(\.id) == [ids[4]]) }
    }

    @Test func keepsWhatOnlyAnEarlierVersionRefersTo() async throws {
        try await folder.use { registry async throws in
            try await registry.add("fc", .linear(2, 2), smallState())
            try await registry.add("net", Self.reference("fc"))
            _ = try await registry.put(ModuleDescription(name: "net", root: .layer("ReLU")))
            try await registry.delete("fc")
        }
        for _ in 0..<2 {
            try await folder.use { registry async throws in
                let old = try await registry.module("net", version: 1)
                let output = try await registry.call(old, CallRequest(inputs: [Tensor([1, 1] as [Float])])).output
                #expect(output.scalars(as: Float.self) == [3.5, 6.5])
                await #expect(throws: ServingError.unknownModule("fc")) { try await registry.module("fc") }
            }
        }
        try await folder.use { registry async throws in
            for _ in 0..<2 { _ = try await registry.put(ModuleDescription(name: "net", root: .layer("ReLU"))) }
        }
        let names = try await folder.use { try $0.store?.records().map(\.name) }
        #expect(names == ["net", "net"])
    }

    @Test func storesEqualLargeTensorsOnce() async throws {
        let large = try Tensor([Float](repeating: 0.5, count: 40_000), shape: [200, 200])
        try await folder.use { registry async throws in
            for name in ["a", "b"] { try await registry.add(name, .linear(200, 200, bias: false), ["weight": large]) }
        }
        #expect(try folder.blobs().count == 1)
        try await folder.use { registry async throws in
            #expect(try await registry.module("b").tensor("weight").tensor.hasSameBits(as: large))
            try await registry.delete("a")
            #expect(try folder.blobs().count == 1)
            try await registry.delete("b")
        }
        #expect(try folder.blobs().isEmpty)
    }

    @Test func countsEachChangeAndKeepsTheInstance() async throws {
        var instance = ""
        try await folder.use { registry async throws in
            instance = registry.instance
            let made = try await registry.add("fc", .linear(2, 2))
            #expect(made.revision == 1)
            _ = await servingError { try await registry.add("fc", .linear(2, 2)) }
            #expect(try await registry.delete("fc") == 2)
        }
        try await folder.use { registry async throws in
            #expect(registry.instance == instance)
            #expect(registry.facts.revision == 2)
            let revision = try await registry.registerGlobalHook(Self.hook(scale: 1)).revision
            #expect(revision == 3)
        }
    }

    /// All that wait are judged in their order and committed together: each sees those before it.
    @Test func judgesWaitingChangesInTheirOrder() async throws {
        try await folder.use { registry async throws in
            try await registry.add("fc", .linear(2, 2))
            let versions = await withTaskGroup(of: Int?.self) { group in
                for value in 0..<50 {
                    group.addTask {
                        let bias = try? Tensor([Float(value), 0])
                        let changed = try? await registry.setParameter("bias", of: "fc", to: bias, when: .version([1]))
                        return changed?.version
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
            }
            #expect(versions == [2])
        }
        let version = try await folder.use { try await $0.module("fc").version }
        #expect(version == 2)
    }

    /// A backup of a registry in memory, restored: all of it is there, under another name.
    @Test func aBackupBringsAllBack() async throws {
        let registry = Registry()
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", Self.reference("fc"))
        _ = try await registry.setParameter("bias", of: "fc", to: try Tensor([7, 8] as [Float]))
        let large = try Tensor([Float](repeating: 0.5, count: 40_000), shape: [200, 200])
        try await registry.add("big", .linear(200, 200, bias: false), ["weight": large])
        let hook = try await registry.registerHook(Self.hook(scale: 3), on: "net").hook
        let global = try await registry.registerGlobalHook(Self.hook(.forwardPre, scale: 1)).hook
        var bytes: [UInt8] = []
        try await registry.backup().write { bytes += $0 }
        var rest = bytes[...]
        try Store.restore(path: folder.path) { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        try await folder.use { restored async throws in
            #expect(restored.tag != registry.tag)
            let names = ["big", "fc", "net"]
            #expect(restored.entries().entries.map(\.name) == names)
            for name in names {
                #expect(try restored.versions(of: name) == registry.versions(of: name))
                for (key, tensor) in try await registry.module(name).stateDict {
                    let kept = try await restored.module(name).tensor(key).tensor
                    #expect(kept.hasSameBits(as: tensor), "\(name).\(key)")
                }
            }
            #expect(try await restored.module("net").hooks.map(\.id) == [hook.id])
            #expect(restored.globalHooks.map(\.id) == [global.id])
            #expect(try await restored.call("net", [1, 1]) == registry.call("net", [1, 1]))
        }
    }

    @Test func makesOneBackupAtATime() throws {
        let registry = Registry()
        let place = registry.takeBackupPlace()
        #expect(place != nil)
        #expect(registry.takeBackupPlace() == nil)
        withExtendedLifetime(place) {}
    }

    /// Every class with the arguments of PyTorch's own cases: what is written down describes the same module.
    @Test func keepsEveryLayer() async throws {
        var texts: [String: String] = [:]
        var states: [String: OrderedDictionary<String, Tensor>] = [:]
        try await folder.use { registry async throws in
            var seen: Set<String> = []
            for given in LayerCase.all where seen.insert("\(given.description)").inserted && seen.count < 900 {
                let name = "l\(given.index)"
                guard let made = try? await registry.add(name, .layer(given.description), training: given.isTraining)
                else { continue }
                (texts[name], states[name]) = (made.repr, made.stateDict)
            }
        }
        #expect(texts.count > 100)
        try await folder.use { registry async throws in
            #expect(try registry.storeFacts.damaged.map { "\($0.name): \($0.reason)" } == [])
            for (name, text) in texts {
                let kept = try await registry.module(name)
                #expect(kept.repr == text)
                let state = kept.stateDict
                #expect(state.keys == states[name]?.keys, "\(text)")
                for (key, tensor) in state {
                    #expect(states[name]?[key]?.hasSameBits(as: tensor) == true, "\(text) \(key)")
                }
            }
        }
    }

    private static let network = """
        {"name": "net", "type": "GraphModule", "class": "Net", "modules": {"fc": {"type": "Linear", "in_features": 2,
         "out_features": 2}}, "parameters": {"scale": {"shape": [2], "init": "ones"}},
         "buffers": {"shift": {"shape": [2], "data": [1, 2], "persistent": false}},
         "graph": [{"op": "placeholder", "name": "x"},
         {"op": "call_module", "name": "y", "target": "fc", "args": [{"node": "x"}]},
         {"op": "get_attr", "name": "s", "target": "scale"}, {"op": "get_attr", "name": "b", "target": "shift"},
         {"op": "call_function", "name": "m", "target": "mul", "args": [{"node": "y"}, {"node": "s"}]},
         {"op": "call_function", "name": "a", "target": "add", "args": [{"node": "m"}, {"node": "b"}]},
         {"op": "output", "name": "output", "args": [{"node": "a"}]}]}
        """

    @Test func keepsGraphsWithTheirBuffersAndTheHooksOfTheirNodes() async throws {
        let description = try DescriptionReader.description(
            in: Array(Self.network.utf8),
            maxModules: 10,
            maxNodes: 100
        )
        var before: [Float] = []
        try await folder.use { registry async throws in
            _ = try await registry.create(description)
            _ = try await registry.setParameter("scale", of: "net", to: try Tensor([2, 3] as [Float]))
            var hook = Self.hook(scale: 10)
            hook.node = "m"
            _ = try await registry.registerHook(hook, on: "net")
            before = try await registry.call("net", [1, 1])
        }
        try await folder.use { registry async throws in
            let kept = try await registry.module("net")
            #expect(Set(kept.stateDict.keys) == ["fc.weight", "fc.bias", "scale"])
            #expect(try await registry.call("net", [1, 1]) == before)
        }
    }
}
