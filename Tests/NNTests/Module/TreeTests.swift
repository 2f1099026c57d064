import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Trees that no walk may fall over, and names that Python would not take.
struct TreeTests {
    @Test func refusesAModuleInsideItself() throws {
        let outer = try Sequential(Sequential([]))
        let inner = try #require(outer.element(at: 0) as? Sequential)
        #expect(throws: ModuleError.containsItself(type: "Sequential")) { try inner.append(outer) }
        #expect(throws: ModuleError.containsItself(type: "Sequential")) { try outer.append(outer) }
        #expect(throws: ModuleError.containsItself(type: "Sequential")) { try inner.insert(outer, at: 0) }
        #expect(outer.description == "Sequential(\n  (0): Sequential()\n)")
        // What was refused left no trace: after it is taken out, it may hold its former holder.
        try outer.remove(at: 0)
        try inner.append(outer)
        #expect(inner.count == 1)
    }

    @Test func refusesATreeAThousandDeepBuiltFromBelow() throws {
        let error = #expect(throws: ModuleError.treeTooDeep(limit: Module.maximumDepth)) {
            var tree: Module = Identity()
            for _ in 0..<1000 { tree = try Sequential(tree) }
        }
        #expect(error?.message() == "modules are nested more than 128 deep")
    }

    @Test func refusesATreeAThousandDeepBuiltFromAbove() throws {
        let root = try Sequential([])
        var lowest = root
        #expect(throws: ModuleError.treeTooDeep(limit: Module.maximumDepth)) {
            for _ in 0..<1000 {
                let next = try Sequential([])
                try lowest.append(next)
                lowest = next
            }
        }
        #expect(root.height == Module.maximumDepth)
    }

    @Test func refusesToJoinTwoTreesThatAreTooDeepTogether() throws {
        func chain(_ depth: Int) throws -> (top: Sequential, bottom: Sequential) {
            let bottom = try Sequential([])
            var top = bottom
            for _ in 1..<depth { top = try Sequential(top) }
            return (top, bottom)
        }
        let (upper, lower) = (try chain(100), try chain(100))
        #expect(throws: ModuleError.treeTooDeep(limit: Module.maximumDepth)) { try upper.bottom.append(lower.top) }
        try upper.bottom.append(chain(28).top)
        #expect(upper.top.height == 128)
    }

    @Test func worksAtTheGreatestDepth() throws {
        var tree: Module = try linear()
        for _ in 1..<Module.maximumDepth { tree = try Sequential(tree) }
        #expect(try tree(ones()).floats == [3.5, 6.5])
        #expect(tree.modules().count == Module.maximumDepth)
        #expect(tree.stateDict().count == 2)
        #expect(try tree.copied()(ones()).floats == [3.5, 6.5])
        #expect(tree.description.hasSuffix("\n)"))
        let hooked = CallHooks()
        let tracer = Tracer()
        _ = try quietContext(tracer: tracer, hooks: hooks(on: tree, hooked)).run { try tree(ones()) }
        #expect(tracer.events.count > Module.maximumDepth)
    }

    private func hooks(on tree: Module, _ hooks: CallHooks) -> CallHooks {
        var hooks = hooks
        for module in tree.modules() { hooks.add(.forward { _, _, _ in nil }, to: module, id: 0) }
        return hooks
    }

    @Test func countsTheCallsOfSharedChildrenWithoutMakingThem() throws {
        var tree: Module = Identity()
        for _ in 0..<40 { tree = try Sequential(tree, tree) }
        #expect(tree.stepCount == (1 << 41) - 1)
        for _ in 0..<40 { tree = try Sequential(tree, tree) }
        #expect(tree.stepCount == .max)
        #expect(tree.modules().count == 81)
    }

    @Test(arguments: [
        ("", #"module name can't be empty string """#, ErrorKind.key),
        ("a.b", #"module name can't contain ".", got: a.b"#, .key),
        ("training", "attribute 'training' already exists", .key),
        ("in_features", "attribute 'in_features' already exists", .key),
        ("weight", "attribute 'weight' already exists", .key),
    ])
    func refusesImpossibleNamesOfChildren(name: String, message: String, kind: ErrorKind) throws {
        let error = #expect(throws: ModuleError.self) { try linear().registerChild(name, ReLU()) }
        #expect(error?.message() == message)
        #expect(error?.kind == kind)
    }

    @Test(arguments: [
        ("", #"parameter name can't be empty string """#),
        ("a.b", #"parameter name can't contain ".""#),
        ("in_features", "attribute 'in_features' already exists"),
    ])
    func refusesImpossibleNamesOfParameters(name: String, message: String) throws {
        let parameter = try Parameter(ones())
        let error = #expect(throws: ModuleError.self) { try linear().registerParameter(name, parameter) }
        #expect(error?.message() == message)
    }

    @Test func refusesImpossibleNamesOfBuffers() throws {
        let error = #expect(throws: ModuleError.self) { try Module().registerBuffer("x.y", ones()) }
        #expect(error?.message() == #"buffer name can't contain ".""#)
        #expect(throws: ModuleError.nameTaken("weight")) { try linear().registerBuffer("weight", ones()) }
    }

    @Test func refusesTwoChildrenOfOneName() {
        #expect(throws: ModuleError.nameTaken("a")) { try Sequential(named: [("a", ReLU()), ("a", Tanh())]) }
        #expect(throws: ModuleError.nameTaken("append")) { try Sequential(named: [("append", ReLU())]) }
        #expect(throws: ModuleError.nameTaken("keys")) { try ModuleDict([("keys", ReLU())]) }
    }

    @Test func keepsThePlaceOfANameThatIsAssignedAgain() throws {
        let network = try Sequential(named: [("a", ReLU()), ("b", Tanh())])
        try network.registerChild("a", Sigmoid())
        #expect(network.namedChildren().map(\.name) == ["a", "b"])
        #expect(try network.element(at: 0).typeName == "Sigmoid")
    }

    @Test func refusesParametersOfIntegers() {
        let error = #expect(throws: ModuleError.cannotRequireGrad(.int64)) { try Parameter(Tensor([1, 2] as [Int64])) }
        #expect(error?.message() == "Only Tensors of floating point and complex dtype can require gradients")
        #expect(throws: Never.self) { try Parameter(Tensor([1, 2] as [Int64]), requiresGrad: false) }
    }
}
