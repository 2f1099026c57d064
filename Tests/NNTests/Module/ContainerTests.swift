import Tensors
import Testing

@testable import NN

struct ContainerTests {
    private func names(_ module: Module) -> [String] {
        module.childTable.map { "\($0.name):\($0.value?.typeName ?? "None")" }
    }

    @Test func feedsEachOutputToTheNext() throws {
        #expect(try Sequential(linear(), linear())(ones()).floats == [17, 36])
        #expect(try Sequential([])(ones()).floats == [1, 1])
    }

    @Test func numbersOrNamesChildren() throws {
        #expect(try names(Sequential(ReLU(), Tanh())) == ["0:ReLU", "1:Tanh"])
        #expect(try names(Sequential(named: [("b", ReLU()), ("a", Tanh())])) == ["b:ReLU", "a:Tanh"])
    }

    @Test func findsChildrenFromBothEnds() throws {
        let network = try Sequential(ReLU(), Tanh(), Sigmoid())
        #expect(
            try [0, 2, -1, -3].map { try network.element(at: $0).typeName } == ["ReLU", "Sigmoid", "Sigmoid", "ReLU"]
        )
        for index in [3, -4] {
            let error = #expect(throws: ModuleError.indexOutOfRange(index)) { try network.element(at: index) }
            #expect(error?.message() == "index \(index) is out of range")
        }
    }

    @Test(arguments: [true, false]) func renumbersAfterInsertionAndRemoval(isList: Bool) throws {
        let modules = [ReLU(), Tanh()]
        let row: any ModuleSequence = isList ? try ModuleList(modules) : try Sequential(modules)
        try row.insert(Sigmoid(), at: 1)
        #expect(names(row) == ["0:ReLU", "1:Sigmoid", "2:Tanh"])
        try row.insert(SiLU(), at: 2)
        #expect(names(row) == ["0:ReLU", "1:Sigmoid", "2:SiLU", "3:Tanh"])
        try row.remove(at: 0)
        #expect(names(row) == ["0:Sigmoid", "1:SiLU", "2:Tanh"])
        try row.replace(at: -1, with: ReLU())
        #expect(names(row) == ["0:Sigmoid", "1:SiLU", "2:ReLU"])
        try row.append(Tanh())
        #expect(row.count == 4)
        #expect(throws: ModuleError.indexOutOfRange(9)) { try row.remove(at: 9) }
    }

    @Test func insertsFromTheEndIntoAChainOnly() throws {
        let network = try Sequential(ReLU(), Tanh())
        try network.insert(SiLU(), at: -1)
        #expect(names(network) == ["0:ReLU", "1:SiLU", "2:Tanh"])
        let list: any ModuleSequence = try ModuleList([ReLU(), Tanh()])
        #expect(throws: ModuleError.noChild(name: "-1")) { try list.insert(SiLU(), at: -1) }
        #expect(names(list) == ["0:ReLU", "1:Tanh"])
    }

    @Test func takesAPlaceBeyondTheEndOfAListForAName() throws {
        let list = try ModuleList([ReLU()])
        try list.insert(Tanh(), at: 3)
        #expect(names(list) == ["0:ReLU", "3:Tanh"])
        #expect(list.description == "ModuleList(\n  (0): ReLU()\n  (1): Tanh()\n)")
    }

    @Test func slicesUnderTheOldNames() throws {
        let network = try Sequential(ReLU(), Tanh(), Sigmoid())
        #expect(try names(network.slice(1..<3)) == ["1:Tanh", "2:Sigmoid"])
        #expect(try network.slice(1..<2).element(at: 0) === network.element(at: 1))
        #expect(throws: ModuleError.indexOutOfRange(4)) { try network.slice(1..<4) }
        #expect(throws: ModuleError.indexOutOfRange(-1)) { try network.slice(-1..<2) }
    }

    @Test func keepsModulesUnderNames() throws {
        let modules = try ModuleDict([("a", ReLU()), ("b", Tanh())])
        try modules.set("a", to: Sigmoid())
        try modules.set("c", to: SiLU())
        #expect(names(modules) == ["a:Sigmoid", "b:Tanh", "c:SiLU"])
        #expect(modules.remove("b")?.typeName == "Tanh")
        #expect(modules.remove("b") == nil)
        #expect(modules.names == ["a", "c"])
        #expect(modules["c"]?.typeName == "SiLU")
        #expect(modules["b"] == nil)
    }

    @Test func assignsByNameWithPyTorchsErrors() throws {
        let network = try Sequential(linear())
        try network.assign(ReLU(), to: "0")
        #expect(names(network) == ["0:ReLU"])
        let norm = try BatchNorm1d(numFeatures: 2)
        try norm.assign(vector(3, 4), to: "running_mean")
        #expect(norm.runningMean?.floats == [3, 4])
        try norm.assign(nil, to: "bias")
        #expect(norm.bias == nil)
        let messages: [(value: Any, module: Module, name: String, text: String)] = [
            (5, network, "0", "cannot assign 'int' as child module '0' (torch.nn.Module or None expected)"),
            (
                "x", norm, "running_mean",
                "cannot assign 'str' as buffer 'running_mean' (torch.nn.Buffer, torch.Tensor or None expected)"
            ),
            ([1.5], norm, "weight", "cannot assign 'list' as parameter 'weight' (torch.nn.Parameter or None expected)"),
            (1.5, norm, "weight", "cannot assign 'float' as parameter 'weight' (torch.nn.Parameter or None expected)"),
            (
                ReLU(), norm, "weight",
                "cannot assign 'ReLU' as parameter 'weight' (torch.nn.Parameter or None expected)"
            ),
            (5, norm, "foo", "'BatchNorm1d' object has no attribute 'foo'"),
        ]
        for (value, module, name, text) in messages {
            let error = #expect(throws: ModuleError.self) { try module.assign(value, to: name) }
            #expect(error?.message() == text)
        }
    }
}
