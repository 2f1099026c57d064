import NN
import OrderedCollections
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

/// What two versions of a tree have in common: all that a change did not touch.
struct SharedTreeTests {
    private let registry = Registry()

    /// `0: Sequential(0: Linear, 1: Linear)`, `1: Linear`.
    private static let tree = NodeDescription.sequential(
        .sequential(.linear(2, 2), .linear(2, 2)),
        .linear(2, 2)
    )

    /// The paths whose modules are other objects in the second version.
    private func changedPaths(_ old: ModuleVersion, _ new: ModuleVersion) -> [String] {
        zip(old.root.namedModules(), new.root.namedModules()).filter { $0.module !== $1.module }.map(\.0.name)
    }

    @Test(arguments: [
        (key: "0.1.bias", changed: ["", "0", "0.1"]), ("1.bias", ["", "1"]), ("0.0.bias", ["", "0", "0.0"]),
    ])
    func aChangedTensorCopiesTheWayToIt(key: String, changed: [String]) async throws {
        let old = try await registry.add("net", Self.tree)
        let before = try await registry.call("net", [1, 1])
        _ = try await registry.setParameter(key, of: "net", to: try Tensor([7, 7] as [Float]))
        let new = try registry.moduleVersion("net")
        #expect(changedPaths(old, new) == changed)
        #expect(try old.tensor(key).tensor.scalars(as: Float.self) != [7, 7])
        #expect(try new.tensor(key).tensor.scalars(as: Float.self) == [7, 7])
        let request = CallRequest(inputs: [try Tensor([1, 1] as [Float])])
        #expect(try await registry.call(old, request).output.scalars(as: Float.self) == before)
    }

    @Test func aHookIsOnTheNewVersionAlone() async throws {
        let old = try await registry.add("net", Self.tree)
        let before = try await registry.call("net", [1, 1])
        let hook = HookDescription(kind: .forward, module: "1", action: .add(.int(1)))
        _ = try await registry.registerHook(hook, on: "net")
        let new = try registry.moduleVersion("net")
        #expect(changedPaths(old, new) == ["", "1"])
        #expect(try await registry.call("net", [1, 1]) == before.map { $0 + 1 })
        let request = CallRequest(inputs: [try Tensor([1, 1] as [Float])])
        #expect(try await registry.call(old, request).output.scalars(as: Float.self) == before)
        let capture = HookDescription(kind: .forward, module: "0.1", action: .capture)
        let captures = try await registry.call(
            new,
            CallRequest(inputs: [try Tensor([1, 1] as [Float])], hooks: [capture])
        ).captures
        #expect(captures.map(\.module) == ["0.1"])
        #expect(new.path(of: try #require(new.root.submodule(at: "0.1"))) == "0.1")
    }

    @Test func usersAreCopiedDownToWhatTheyReferTo() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        let old = try await registry.add("net", .sequential(.linear(2, 2), .sequential(.ref("fc")), .linear(2, 2)))
        _ = try await registry.setParameter("bias", of: "fc", to: try Tensor([9, 9] as [Float]))
        let new = try registry.moduleVersion("net")
        #expect(changedPaths(old, new) == ["", "1", "1.0"])
        #expect(new.root.submodule(at: "1.0") === (try registry.moduleVersion("fc")).root)
    }

    @Test func aModuleInsideAnotherIsNotChangedInThePublishedTree() async throws {
        let encoder = NodeDescription.layer(
            "TransformerEncoderLayer",
            ["d_model": .int(2), "nhead": .int(1), "dim_feedforward": .int(2)]
        )
        let old = try await registry.add("net", .sequential(encoder, .linear(2, 2)))
        let key = "0.self_attn.out_proj.bias"
        let before = try old.tensor(key).tensor.scalars(as: Float.self)
        _ = try await registry.setParameter(key, of: "net", to: try Tensor([5, 6] as [Float]))
        let new = try registry.moduleVersion("net")
        #expect(try old.tensor(key).tensor.scalars(as: Float.self) == before)
        #expect(try new.tensor(key).tensor.scalars(as: Float.self) == [5, 6])
        #expect(changedPaths(old, new).contains("0.self_attn.out_proj"))
        #expect(old.root.submodule(at: "1") === new.root.submodule(at: "1"))
    }

    @Test func bytesAreCountedOnceWhateverIsShared() async throws {
        let layers = (0..<200).map { _ in ChildDescription(node: .linear(2, 2)) }
        try await registry.add("net", .layer(LayerDescription(type: "Sequential", children: layers)))
        let (live, kept) = registry.state.withLock { ($0.byteCount, $0.keptVersionBytes) }
        var sizes: [[Int]] = []
        for number in 0..<12 {
            _ = try await registry.setParameter("\(number).bias", of: "net", to: try Tensor([7, 7] as [Float]))
            sizes.append(registry.state.withLock { [$0.byteCount, $0.keptVersionBytes] })
        }
        #expect(kept == 0)
        #expect(sizes.allSatisfy { $0[0] == live })
        // A version that is not the current one adds its objects and the one bias that the next has not.
        #expect(sizes[0][1] > 0)
        #expect(Set(sizes.suffix(3).map { $0[1] }).count == 1)
        _ = try await registry.delete("net")
        #expect(registry.state.withLock { [$0.byteCount, $0.keptVersionBytes] } == [0, 0])
    }

    /// A chain of `count` layers, the last of them in a chain of its own.
    private static func wide(_ count: Int) -> NodeDescription {
        let layers = (0..<count).map { _ in ChildDescription(node: .linear(2, 2)) }
        let inner = ChildDescription(node: .layer(LayerDescription(type: "Sequential", children: layers)))
        return .layer(LayerDescription(type: "Sequential", children: layers + [inner]))
    }

    @Test(arguments: [
        (key: "0.bias", changed: ["", "0"]), ("150.weight", ["", "150"]), ("200.130.bias", ["", "200", "200.130"]),
    ])
    func aWideTreeIsSharedButForTheWay(key: String, changed: [String]) async throws {
        let old = try await registry.add("net", Self.wide(200))
        let shape = try old.tensor(key).tensor.shape
        for number in 1...3 {
            _ = try await registry.setParameter(key, of: "net", to: try Tensor.full(Float(number), shape: shape))
        }
        let new = try registry.moduleVersion("net")
        #expect(changedPaths(old, new) == changed)
        #expect(new.root.namedModules().map(\.name) == old.root.namedModules().map(\.name))
        #expect(new.path(of: try #require(new.root.submodule(at: "200.130"))) == "200.130")
        #expect(try new.tensor(key).tensor.scalars(as: Float.self).allSatisfy { $0 == 3 })
    }

    @Test func aModuleAtSeveralPlacesOfAWideTreeIsOneStill() async throws {
        let layers = (0..<100).map { _ in ChildDescription(node: .linear(2, 2)) }
        let shared = ChildDescription(node: .shared("7"))
        try await registry.add("net", .layer(LayerDescription(type: "Sequential", children: layers + [shared])))
        for key in ["7.bias", "100.bias"] {
            _ = try await registry.setParameter(key, of: "net", to: try Tensor([7, 7] as [Float]))
            let new = try registry.moduleVersion("net")
            #expect(new.root.submodule(at: "7") === new.root.submodule(at: "100"))
        }
    }

    @Test func bytesAreThoseOfACountFromTheStart() async throws {
        var generator = SystemRandomNumberGenerator()
        for name in ["a", "b", "c"] { try await registry.add(name, Self.wide(40)) }
        try await registry.add("user", .sequential(.ref("a"), .linear(2, 2), .ref("b")))
        let common = try matrix([[1, 2], [3, 4]])
        for _ in 0..<200 {
            let name = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
            let number = Int.random(in: 0..<40, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: _ = try await registry.setParameter("\(number).weight", of: name, to: common)
            case 1:
                _ = try await registry.setParameter("40.\(number).weight", of: name, to: matrix([[5, 6], [7, 8]]))
            case 2: _ = try await registry.setParameter("\(number).bias", of: name, to: nil)
            case 3:
                try await registry.delete("c")
                try await registry.add("c", Self.wide(40))
            default: _ = try await registry.setParameter("\(number).bias", of: name, to: try Tensor([7, 7] as [Float]))
            }
        }
        let state = registry.state.withLock { $0 }
        #expect(state.byteCount == Self.byteCount(of: state.entries.compactMap { $0.value.current.moduleVersion }))
        let all = state.entries.flatMap { $0.value.versions }.compactMap(\.moduleVersion)
        #expect(state.byteCount + state.keptVersionBytes == Self.byteCount(of: all))
    }

    /// The bytes of the objects of versions and of all storages, each once.
    private static func byteCount(of versions: [ModuleVersion]) -> Int {
        var storages: [ObjectIdentifier: Int] = [:]
        for version in versions {
            let foreign = Set(version.references.values.flatMap { $0.root.modules() }.map(ObjectIdentifier.init))
            for module in version.root.modules() where !foreign.contains(ObjectIdentifier(module)) {
                for (name, parameter) in module.parameterTable {
                    guard let tensor = parameter?.tensor else { continue }
                    let bytes = tensor.byteCount * (module.packedParameters.contains(name) ? 2 : 1)
                    storages[ObjectIdentifier(tensor.storageOwner), default: 0] = max(
                        bytes,
                        storages[ObjectIdentifier(tensor.storageOwner)] ?? 0
                    )
                }
            }
        }
        return versions.reduce(0) { $0 + $1.objectByteCount } + storages.values.reduce(0, +)
    }
}
