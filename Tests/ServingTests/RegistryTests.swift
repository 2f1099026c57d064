import Tensors
import Testing

@testable import Models
@testable import Serving

struct RegistryTests {
    let registry = Registry()

    @Test func createsCallsAndDeletes() async throws {
        let made = try await registry.add("fc", .linear(2, 2), smallState())
        #expect(made.version == 1)
        #expect(made.repr == "Linear(in_features=2, out_features=2, bias=True)")
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
        try await registry.delete("fc")
        #expect(throws: ServingError.unknownModule("fc")) { try registry.moduleVersion("fc") }
    }

    @Test func givesTheWeightsThatPyTorchGivesForASeed() async throws {
        let made = try await registry.add("fc", .linear(4, 3))
        let weight = try made.tensor("weight").tensor.scalars(as: Float.self)
        #expect(weight.prefix(4) == [-0.003_743_41, 0.268_221_8, -0.411_522_57, -0.367_969_5])
    }

    @Test func refusesATakenName() async throws {
        try await registry.add("fc", .linear(2, 2))
        let error = await servingError { try await registry.add("fc", .linear(3, 3)) }
        #expect(error == .nameTaken("fc"))
        #expect(try registry.moduleVersion("fc").version == 1)
    }

    @Test(arguments: ["", ".a", "-a", "a/b", "ä", "a b", String(repeating: "a", count: 129)])
    func refusesWhatIsNoName(name: String) async {
        let error = await servingError { try await registry.add(name, .linear(1, 1)) }
        #expect(error == .invalidName(name))
    }

    @Test func namesWhatHasNoName() async throws {
        let made = try await registry.create(ModuleDescription(root: .linear(1, 1)))
        #expect(try registry.moduleVersion(made.name) === made)
    }

    @Test func listsByNameInPages() async throws {
        for name in ["b", "a1", "c", "a2"] { try await registry.add(name, .layer("ReLU")) }
        let first = registry.entries(limit: 3)
        #expect(first.entries.map(\.name) == ["a1", "a2", "b"])
        #expect(first.next == "b")
        let rest = registry.entries(after: first.next, limit: 3)
        #expect(rest.entries.map(\.name) == ["c"])
        #expect(rest.next == nil)
        #expect(registry.entries(prefix: "a").entries.map(\.name) == ["a1", "a2"])
    }

    @Test func neverUsesAVersionAgain() async throws {
        try await registry.add("fc", .linear(2, 2))
        let changed = try await registry.setParameter("bias", of: "fc", to: nil)
        #expect(changed.version == 2)
        try await registry.delete("fc")
        #expect(try await registry.add("fc", .linear(2, 2)).version == 3)
        #expect(try registry.versions(of: "fc") == [3])
    }

    @Test func keepsTheLastVersionsCallable() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        for shift: Float in [10, 20, 30] {
            _ = try await registry.setParameter("bias", of: "fc", to: try Tensor([shift, shift]))
        }
        #expect(try registry.versions(of: "fc") == [3, 4])
        let old = try registry.moduleVersion("fc", version: 3)
        let output = try await registry.call(old, CallRequest(inputs: [try Tensor([1, 1] as [Float])])).output
        #expect(output.scalars(as: Float.self) == [23, 27])
        #expect(throws: ServingError.unknownVersion(module: "fc", version: 2, callable: [3, 4])) {
            try registry.moduleVersion("fc", version: 2)
        }
    }

    @Test func letsOldVersionsGoWhenTheyHoldTooMuch() async throws {
        var options = ServingOptions()
        options.limits.keptVersions = 5
        options.limits.maxKeptVersionBytes = 2 * (32 + 3 * 1_024) + 8
        let registry = Registry(options: options)
        try await registry.add("fc", .linear(2, 2, bias: false))
        for _ in 0..<4 {
            _ = try await registry.setParameter("weight", of: "fc", to: try matrix([[1, 2], [3, 4]]))
        }
        #expect(try registry.versions(of: "fc") == [3, 4, 5])
        #expect(registry.facts.keptVersionBytes == 2 * (32 + 3 * 1_024))
        #expect(registry.facts.byteCount == 32 + 3 * 1_024)
    }

    @Test func replacesAsTheNextVersion() async throws {
        try await registry.add("fc", .linear(2, 2))
        let replaced = try await registry.put(ModuleDescription(name: "fc", root: .linear(5, 1)))
        #expect(!replaced.created)
        #expect(replaced.moduleVersion.version == 2)
        #expect(replaced.moduleVersion.parameters.map(\.shape) == [[1, 5], [1]])
        #expect(try await registry.put(ModuleDescription(name: "new", root: .linear(5, 1))).created)
    }

    @Test(
        arguments: [
            (Precondition.version([2]), ServingError.staleVersion(module: "fc", expected: [2], current: 1)),
            (.absent, .mustNotExist("fc", current: 1)),
            (.noneOf([1]), .versionExcluded(module: "fc", current: 1)),
            (.version([1, 7]), nil),
            (.exists, nil),
            (.noneOf([2]), nil),
        ] as [(Precondition, ServingError?)]
    )
    func testsPreconditionsInTheChange(precondition: Precondition, expected: ServingError?) async throws {
        try await registry.add("fc", .linear(2, 2))
        let error = await servingError {
            _ = try await registry.setParameter("bias", of: "fc", to: nil, when: precondition)
        }
        #expect(error == expected)
        #expect(try registry.moduleVersion("fc").version == (expected == nil ? 2 : 1))
    }

    @Test(arguments: [Precondition.exists, .version([1])])
    func createsNothingWhereSomethingMustBe(precondition: Precondition) async {
        let description = ModuleDescription(name: "fc", root: .linear(1, 1))
        let error = await servingError { _ = try await registry.put(description, when: precondition) }
        #expect(error == .unknownModule("fc"))
        #expect(registry.facts.modules == 0)
    }
}
