import Tensors
import Testing

@testable import NN

/// Copies that share with their original what does not change, of trees of more children than a chunk has.
struct PartialCopyTests {
    private static let count = 200

    private func chain() throws -> Sequential { try Sequential((0..<Self.count).map { _ in ReLU() }) }

    /// The numbers of the children that are other objects in the second chain.
    private func differences(_ first: Sequential, _ second: Sequential) -> [Int] {
        zip(first.elements, second.elements).enumerated().filter { $1.0 !== $1.1 }.map(\.offset)
    }

    @Test(arguments: [0, 63, 64, 65, 127, 128, 199])
    func onlyTheWayToTheChangeIsCopied(index: Int) throws {
        let original = try chain()
        let copy = try original.copied(changingAt: "\(index)", sharing: [])
        let root = try #require(copy.root as? Sequential)
        #expect(copy.copies.count == 2)
        #expect(root !== original)
        #expect(differences(original, root) == [index])
        #expect(root.childTable.map(\.name) == (0..<Self.count).map { "\($0)" })
        #expect(try root(ones()).floats == [1, 1])
    }

    @Test func theWayLeadsThroughSeveralModules() throws {
        let inner = try chain()
        let original = try Sequential(ReLU(), inner, ReLU())
        let copy = try original.copied(changingAt: "1.70", sharing: [])
        #expect(
            copy.copies.map { ObjectIdentifier($0.original) }
                == [
                    inner.elements[70], inner, original,
                ].map(ObjectIdentifier.init)
        )
        #expect(copy.root.submodule(at: "2") === original.submodule(at: "2"))
        #expect(copy.root.submodule(at: "1.71") === inner.elements[71])
        #expect(copy.root.submodule(at: "1.70") !== inner.elements[70])
    }

    @Test func allBelowTheChangeIsCopiedButForWhatIsShared() throws {
        let (own, foreign) = (try linear(), try linear())
        let original = try Sequential(Sequential(own, foreign), ReLU())
        let copy = try original.copied(changingAt: "0", sharing: [foreign]).root
        #expect(copy.submodule(at: "0.0") !== own)
        #expect(copy.submodule(at: "0.1") === foreign)
        #expect(copy.submodule(at: "1") === original.submodule(at: "1"))
    }

    @Test func theRootIsChangedByTheEmptyPath() throws {
        let original = try Sequential(linear())
        let copy = try original.copied(changingAt: "", sharing: []).root
        #expect(copy !== original)
        #expect(copy.submodule(at: "0") !== original.submodule(at: "0"))
    }

    @Test(arguments: ["200", "a", "0.0"])
    func aPathToNothingIsRefused(path: String) throws {
        let original = try chain()
        #expect(throws: ModuleError.self) { try original.copied(changingAt: path, sharing: []) }
    }

    @Test func neitherTreeSeesWhatIsPutIntoTheOther() throws {
        let original = try chain()
        let copy = try #require(original.copied(changingAt: "100", sharing: []).root as? Sequential)
        let (before, after) = (original.elements, copy.elements)
        try copy.replace(at: 5, with: Sigmoid())
        try copy.replace(at: 150, with: Sigmoid())
        #expect(zip(original.elements, before).allSatisfy { $0 === $1 })
        try original.replace(at: 6, with: Sigmoid())
        try original.assign(nil, to: "151")
        #expect(copy.count == copy.elements.count)
        #expect(copy.elements[6] === after[6] && copy.elements[151] === after[151])
        #expect(original.elements.count == Self.count - 1)
        try copy.insert(Tanh(), at: 0)
        try copy.remove(at: 70)
        try copy.append(Tanh())
        #expect(original.count == Self.count)
        #expect(original.elements[0] === before[0])
        #expect(copy.childTable.map(\.name) == (0...Self.count).map { "\($0)" })
    }

    @Test func aClassReadsTheCopyThroughItsOwnSlots() throws {
        final class Pair: Module {
            let (first, second) = (Slot<Module>(), Slot<Module>())
            init(_ one: Module?, _ other: Module?) throws {
                super.init()
                try registerChild("first", one, in: first)
                try registerChild("second", other, in: second)
            }
            override func forward(_ input: Tensor) throws -> Tensor { try second(first(input)) }
            override func emptyCopy() throws -> Module { try Pair(nil, nil) }
        }
        let original = try Pair(linear(), ReLU())
        let copy = try #require(original.copied(changingAt: "first", sharing: []).root as? Pair)
        let weight = try #require(copy.first.value?.parameter(at: "weight"))
        weight.tensor = try Tensor.zeros([2, 2])
        #expect(copy.second.value === original.second.value)
        #expect(try copy(ones()).floats == [0.5, 0])
        #expect(try original(ones()).floats == [3.5, 6.5])
    }

    @Test func aDictionaryOfManyForgetsOne() throws {
        let dictionary = try ModuleDict((0..<Self.count).map { ("m\($0)", ReLU()) })
        let (before, after) = (dictionary["m63"], dictionary["m65"])
        #expect(dictionary.remove("m64") != nil)
        #expect(dictionary.names == (0..<Self.count).filter { $0 != 64 }.map { "m\($0)" })
        #expect(dictionary["m63"] === before && dictionary["m65"] === after && dictionary["m64"] == nil)
    }
}
