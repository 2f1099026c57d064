import JSON
import NN
import OrderedCollections
import Tensors
import Testing

@testable import Models
@testable import Serving

/// One module at several places of a tree, as Python has it when one object is a child twice.
struct SharedModuleTests {
    private let registry = Registry()

    /// `layer -> ReLU -> layer`, and the chain inside again.
    private static let twice = NodeDescription.sequential(.linear(2, 2), .layer("ReLU"), .shared("0"))

    @Test func isOneModuleUnderEachOfItsNames() async throws {
        let state = try smallState(prefix: "0.").merging(smallState(prefix: "2.")) { $1 }
        let net = try await registry.add("net", Self.twice, state)
        #expect(net.root.submodule(at: "0") === net.root.submodule(at: "2"))
        #expect(net.parameters.map(\.name) == ["0.weight", "0.bias"])
        #expect(Array(net.stateDict.keys) == ["0.weight", "0.bias", "2.weight", "2.bias"])
        #expect(try await registry.call("net", [1, 1]) == [17, 36])
        #expect(
            net.repr == """
                Sequential(
                  (0): Linear(in_features=2, out_features=2, bias=True)
                  (1): ReLU()
                  (2): Linear(in_features=2, out_features=2, bias=True)
                )
                """
        )
        _ = try await registry.setParameter("2.bias", of: "net", to: try Tensor([0, 0] as [Float]))
        #expect(try await registry.call("net", [1, 1]) == [17, 37])
    }

    @Test func firesItsHooksAtEachCall() async throws {
        try await registry.add("net", Self.twice, smallState(prefix: "0.").merging(smallState(prefix: "2.")) { $1 })
        let hook = HookDescription(kind: .forward, module: "2", action: .add(.int(1)))
        let added = try await registry.registerHook(hook, on: "net")
        #expect(added.hook.module == "0")
        // (3.5 + 1, 6.5 + 1) twice through the layer.
        #expect(try await registry.call("net", [1, 1]) == [21, 44])
        let capture = HookDescription(kind: .forward, module: "0", action: .capture)
        let request = CallRequest(inputs: [try Tensor([1, 1] as [Float])], hooks: [capture])
        let captures = try await registry.call(try registry.moduleVersion("net"), request).captures
        #expect(captures.map { $0.tensor.scalars(as: Float.self) } == [[4.5, 7.5], [21, 44]])
        _ = try await registry.removeHook(added.hook.id, from: "net")
        #expect(try registry.moduleVersion("net").hooks.isEmpty)
        #expect(try await registry.call("net", [1, 1]) == [17, 36])
    }

    @Test func isReadAsItIsWritten() async throws {
        let inner = NodeDescription.layer(
            LayerDescription(
                type: "Sequential",
                children: [
                    ChildDescription(key: "a", node: .linear(2, 2)), ChildDescription(key: "b", node: .shared("in.a")),
                ]
            )
        )
        let root = NodeDescription.layer(
            LayerDescription(
                type: "Sequential",
                children: [
                    ChildDescription(key: "in", node: inner), ChildDescription(key: "again", node: .shared("in")),
                ]
            )
        )
        let net = try await registry.add("net", root)
        try await registry.add("outer", .sequential(.ref("net"), .layer("ReLU")))
        #expect(net.root.submodule(at: "again.b") === net.root.submodule(at: "in.a"))
        for (name, writesReferences) in [("net", true), ("outer", false)] {
            let moduleVersion = try registry.moduleVersion(name)
            let made = try await registry.create(copy(of: moduleVersion, writesReferences: writesReferences))
            #expect(made.repr == moduleVersion.repr)
            #expect(made.root.modules().count == moduleVersion.root.modules().count)
        }
    }

    /// Reads what the registry writes of a module, under another name.
    private func copy(of moduleVersion: ModuleVersion, writesReferences: Bool) throws -> ModuleDescription {
        var writer = JSONWriter()
        writer.beginObject()
        try moduleVersion.writeDescription(writesReferences: writesReferences, to: &writer)
        writer.endObject()
        var description = try DescriptionReader.description(in: writer.finish(), maxModules: 100, maxNodes: 100)
        description.name = "copy-of-\(moduleVersion.name)"
        return description
    }

    @Test(
        arguments: [
            (
                .sequential(.shared("1"), .layer("ReLU")), "'1' names no module before this one",
                ["modules", "0", "shared"]
            ),
            (.sequential(.shared("0")), "'0' names no module before this one", ["modules", "0", "shared"]),
            (
                .sequential(.sequential(.shared("0"))), "'0' names no module before this one",
                ["modules", "0", "modules", "0", "shared"]
            ),
            (
                .sequential(.layer("ReLU"), .shared("")), "'' names no module before this one",
                ["modules", "1", "shared"]
            ),
            (
                .sequential(.layer("ReLU"), .shared("0.0")), "'0.0' names no module before this one",
                ["modules", "1", "shared"]
            ),
        ] as [(NodeDescription, String, [String])]
    )
    func refusesWhatIsNotThere(root: NodeDescription, text: String, pointer: [String]) {
        let found = problem(with: root)
        #expect(found?.text == text)
        #expect(found?.pointer == pointer)
    }

    /// Each level holds the one before twice: 2^30 places of 31 modules.
    @Test func refusesPlacesWithoutEnd() {
        var children = [ChildDescription(key: "m0", node: .layer("ReLU"))]
        for level in 1...30 {
            children.append(
                ChildDescription(
                    key: "m\(level)",
                    node: .sequential(.shared("m\(level - 1)"), .shared("m\(level - 1)"))
                )
            )
        }
        let root = NodeDescription.layer(LayerDescription(type: "ModuleDict", children: children))
        #expect(problem(with: root)?.text.contains("maxTreeModules") == true)
    }

    @Test func refusesDepthThroughWhatIsShared() {
        var limits = ServingLimits()
        limits.maxTreeDepth = 4
        let deep = NodeDescription.sequential(.sequential(.layer("ReLU")))
        #expect(problem(with: .sequential(deep, .shared("0")), limits: limits) == nil)
        let found = problem(with: .sequential(deep, .sequential(.shared("0"))), limits: limits)
        #expect(found?.text.contains("maxTreeDepth") == true)
    }
}
