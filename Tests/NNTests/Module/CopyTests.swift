import Tensors
import Testing

@testable import NN

struct CopyTests {
    @Test func sharesTensorsButNotChanges() throws {
        let original = try Sequential(linear(), ReLU())
        let copy = try original.copied()
        let (old, new) = (
            try #require(original.parameter(at: "0.weight")), try #require(copy.parameter(at: "0.weight"))
        )
        #expect(old !== new)
        let owners = [old, new].map { ObjectIdentifier($0.tensor.storageOwner) }
        #expect(owners[0] == owners[1])
        new.tensor = try Tensor.zeros([2, 2])
        #expect(try original(ones()).floats == [3.5, 6.5])
        #expect(try copy(ones()).floats == [0.5, 0])
    }

    @Test func keepsHooksModeAndFrozenParameters() throws {
        let original = try linear()
        let id = original.registerForwardHook { _, _, output in try output * 2 }.id
        original.eval()
        original.bias?.requiresGrad = false
        let copy = try #require(original.copied() as? Linear)
        #expect(!copy.isTraining)
        #expect(copy.bias?.requiresGrad == false)
        #expect(try copy(ones()).floats == [7, 13])
        #expect(copy.removeHook(id))
        #expect(!copy.removeHook(id))
        #expect(try copy(ones()).floats == [3.5, 6.5])
        #expect(try original(ones()).floats == [7, 13])
    }

    @Test func keepsWhatIsShared() throws {
        let layer = try linear()
        let tied = try linear()
        tied.weight = layer.weight
        let copy = try Sequential(layer, layer, tied).copied()
        let modules = try #require(copy as? Sequential).elements
        #expect(modules[0] === modules[1] && modules[0] !== layer)
        #expect((modules[2] as? Linear)?.weight === (modules[0] as? Linear)?.weight)
        #expect((modules[2] as? Linear)?.weight !== layer.weight)
    }

    @Test func putsReplacementsInAsTheyAre() throws {
        let shared = try linear()
        let network = try Sequential(shared, Sequential(shared))
        let newer = try linear(bias: false)
        let copy = try network.copied(replacing: [ObjectIdentifier(shared): newer])
        #expect(copy.submodule(at: "0") === newer && copy.submodule(at: "1.0") === newer)
        let same = try network.copied(replacing: [ObjectIdentifier(shared): shared])
        #expect(same.submodule(at: "1.0") === shared)
    }

    @Test func copiesAUsersModuleThroughItsSlots() throws {
        final class Residual: Module {
            let inner = Slot<Module>()
            init(_ module: Module?) throws {
                super.init()
                try registerChild("inner", module, in: inner)
            }
            override func forward(_ input: Tensor) throws -> Tensor { try inner(input) + input }
            override func emptyCopy() throws -> Module { try Residual(nil) }
        }
        let original = try Residual(linear())
        let copy = try original.copied()
        #expect(try copy(ones()).floats == [4.5, 7.5])
        #expect(copy.submodule(at: "inner") !== original.submodule(at: "inner"))
        let error = #expect(throws: InChildError.self) { try copy(Tensor.ones([3])) }
        #expect(error?.path == "inner")
    }

    @Test func refusesToCopyAModuleThatDoesNotSayHow() {
        final class Custom: Module {}
        #expect(throws: ModuleError.cannotCopy(type: "Custom")) { try Sequential(Custom()).copied() }
    }
}
