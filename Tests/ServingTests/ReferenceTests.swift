import NN
import OrderedCollections
import Tensors
import Testing

@testable import Models
@testable import Serving

struct ReferenceTests {
    let registry = Registry()

    @Test func republishesNetworksWithWhatTheyReferTo() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", .sequential(.ref("fc"), .layer("ReLU")))
        try await registry.add("outer", .sequential(.ref("net"), .ref("fc")))
        #expect(try await registry.call("net", [1, 1]) == [3.5, 6.5])
        let changed = try await registry.setParameter("bias", of: "fc", to: try Tensor([0, 0] as [Float]))
        #expect(changed.version == 2)
        #expect(try await registry.call("net", [1, 1]) == [3, 7])
        #expect(try registry.moduleVersion("net").version == 2)
        #expect(try registry.moduleVersion("outer").version == 2)
        #expect(try await registry.call("outer", [1, 1]) == [17, 37])
    }

    @Test func changesWhatIsSharedFromAnyPlace() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", .sequential(.ref("fc"), .layer("ReLU")))
        let changed = try await registry.setParameter("0.bias", of: "net", to: try Tensor([0, 0] as [Float]))
        #expect(changed.name == "net")
        #expect(try await registry.call("fc", [1, 1]) == [3, 7])
        #expect(try registry.moduleVersion("fc").version == 2)
    }

    @Test func keepsSharingAcrossChanges() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", .sequential(.ref("fc"), .ref("fc"), .linear(2, 2)))
        _ = try await registry.setParameter("2.bias", of: "net", to: nil)
        let net = try registry.moduleVersion("net")
        let fc = try registry.moduleVersion("fc")
        #expect(net.root.submodule(at: "0") === fc.root)
        #expect(net.root.submodule(at: "1") === fc.root)
        #expect(fc.version == 1)
        #expect(net.parameters.map(\.name) == ["0.weight", "0.bias", "2.weight"])
        #expect(Array(net.stateDict.keys) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"])
    }

    @Test func loadsAWholeNetworkInOneSwap() async throws {
        try await registry.add("fc", .linear(2, 2))
        try await registry.add("net", .sequential(.ref("fc"), .linear(2, 2)))
        let state = try smallState(prefix: "0.").merging(smallState(prefix: "1.")) { $1 }
        let load = try await registry.loadStateDict(state, into: "net")
        #expect(load.moduleVersion.version == 2)
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
        #expect(try await registry.call("net", [1, 1]) == [17, 36])
    }

    @Test func countsSharedBytesOnce() async throws {
        try await registry.add("fc", .linear(2, 2))
        try await registry.add("net", .sequential(.ref("fc"), .ref("fc")))
        // Two tensors and their layer, and another module with two keys and paths.
        #expect(registry.facts.byteCount == 40 + 3 * 1_024 + 1_024 + 2 + 4)
        #expect(try registry.moduleVersion("net").byteCount == 24)
    }

    @Test func refusesToPullTheGroundAway() async throws {
        try await registry.add("fc", .linear(2, 2))
        try await registry.add("net", .sequential(.ref("fc")))
        let deletion = await servingError { try await registry.delete("fc") }
        #expect(deletion == .inUse("fc", by: ["net"]))
        let description = ModuleDescription(name: "fc", root: .linear(3, 3))
        let replacement = await servingError { _ = try await registry.put(description) }
        #expect(replacement == .inUse("fc", by: ["net"]))
        try await registry.delete("net")
        try await registry.delete("fc")
        #expect(registry.facts.byteCount == 0)
    }

    @Test func refusesCircles() async throws {
        try await registry.add("net", .sequential(.layer("ReLU")))
        let description = ModuleDescription(name: "net", root: .sequential(.ref("net")))
        let error = await servingError { _ = try await registry.put(description) }
        #expect(error == .referenceCycle(["net", "net"]))
    }

    @Test func refusesAReferenceToNothing() async {
        let error = await servingError { try await registry.add("net", .sequential(.ref("gone"))) }
        #expect(error == .unknownModule("gone"))
    }

    @Test func keepsTheModeOfWhatItRefersTo() async throws {
        try await registry.add("drop", .layer("Dropout", ["p": .double(1)]))
        try await registry.add("net", .sequential(.ref("drop")), training: true)
        #expect(try await registry.call("net", [1, 2]) == [1, 2])
    }

    @Test func showsReferencesInTheDocument() async throws {
        try await registry.add("fc", .linear(2, 2))
        try await registry.add("net", .sequential(.ref("fc"), .layer("ReLU")))
        let modules = try registry.moduleVersion("net").document.modules
        #expect(modules?.map(\.name) == ["0", "1"])
        #expect(modules?.map(\.ref) == ["fc", nil])
        #expect(modules?.map(\.type) == ["Linear", "ReLU"])
    }
}
