import OrderedCollections
import Tensors
import Testing

@testable import NN

/// The numbered cases of PyTorch's call path about order and replacement, without the global hooks.
///
/// Left out, because Swift has no natural form of them:
/// - H07, H10, H12, H32, H33: hooks that return a list, a number, a string or a tuple of a wrong length. The types of
///   hooks allow a value of the right type or `nil` only.
/// - H15, H16: hooks that change a tensor in place. Tensors are values.
/// - H54: an output that is a tuple or a dictionary. A module returns one tensor.
struct ForwardHookTests {
    private let log = Log()

    @Test("H01") func runsPreHookForwardHook() throws {
        let module = Scaling(log)
        module.registerForwardHook(log.post("post"))
        module.registerForwardPreHook(log.pre("pre"))
        _ = try module(ones())
        #expect(log.all == ["pre", "forward", "post"])
    }

    @Test("H02") func runsHooksOfAKindInTheOrderOfRegistration() throws {
        let module = Scaling(log)
        for name in ["a", "b", "c"] { module.registerForwardPreHook(log.pre("pre_\(name)")) }
        for name in ["a", "b", "c"] { module.registerForwardHook(log.post("post_\(name)")) }
        _ = try module(ones())
        #expect(log.all == ["pre_a", "pre_b", "pre_c", "forward", "post_a", "post_b", "post_c"])
    }

    @Test("H03") func passesModuleInputsAndOutput() throws {
        let layer = try linear()
        let identity = ObjectIdentifier(layer)
        layer.registerForwardPreHook { [log] module, inputs in
            log.append("\(ObjectIdentifier(module) == identity) \(inputs.map(\.floats))")
            return nil
        }
        layer.registerForwardHook { [log] module, inputs, output in
            log.append("\(ObjectIdentifier(module) == identity) \(inputs.map(\.floats)) \(output.floats)")
            return nil
        }
        _ = try layer(ones())
        #expect(log.all == ["true [[1.0, 1.0]]", "true [[1.0, 1.0]] [3.5, 6.5]"])
    }

    @Test("H04") func showsNoInputsOfAKeywordOnlyCall() throws {
        let layer = try linear()
        layer.registerForwardPreHook { [log] _, inputs in
            log.append("\(inputs.count)")
            return nil
        }
        layer.registerForwardHook { [log] _, inputs, output in
            log.append("\(inputs.count) \(output.floats)")
            return nil
        }
        _ = try layer(Arguments([], keyword: ["input": ones()]))
        #expect(log.all == ["0", "0 [3.5, 6.5]"])
    }

    @Test(
        "H05, H06: what a pre-hook returns",
        arguments: [(10 as Float, 0 as Float, [30.5, 69.5] as [Float]), (1, 1, [6.5, 13.5])]
    )
    func usesTheInputsOfAPreHook(factor: Float, summand: Float, expected: [Float]) throws {
        let layer = try linear()
        layer.registerForwardPreHook { _, inputs in
            try [inputs[0] * Double(factor) + Double(summand)]
        }
        #expect(try layer(ones()).floats == expected)
    }

    @Test("H08, H14") func showsEachHookTheInputsOfTheOneBefore() throws {
        let layer = try linear()
        layer.registerForwardPreHook { _, inputs in try [inputs[0] * 2] }
        layer.registerForwardPreHook { [log] _, inputs in
            log.append("\(inputs[0].floats)")
            return nil
        }
        layer.registerForwardPreHook { _, inputs in try [inputs[0] + 1] }
        layer.registerForwardHook { [log] _, inputs, _ in
            log.append("\(inputs[0].floats)")
            return nil
        }
        #expect(try layer(ones()).floats == [9.5, 20.5])
        #expect(log.all == ["[2.0, 2.0]", "[3.0, 3.0]"])
    }

    @Test("H09") func letsAPreHookChangeTheNumberOfInputs() throws {
        let module = Scaling()
        module.registerForwardPreHook { _, inputs in try [inputs[0], vector(3)] }
        #expect(try module(ones()).floats == [3, 3])
    }

    @Test("H11, H13") func usesTheOutputOfAHook() throws {
        let layer = try linear()
        layer.registerForwardHook { _, _, output in try output * 2 }
        layer.registerForwardHook { [log] _, _, output in
            log.append("\(output.floats)")
            return nil
        }
        #expect(try layer(ones()).floats == [7, 13])
        #expect(log.all == ["[7.0, 13.0]"])
    }

    @Test("H23") func runsNoHooksAroundForwardAlone() throws {
        let module = Scaling(log)
        module.registerForwardPreHook(log.pre("pre"))
        module.registerForwardHook(log.post("post"))
        _ = try module.forward(Arguments(ones()))
        #expect(log.all == ["forward"])
    }

    @Test("H24") func nestsTheHooksOfParentAndChildren() throws {
        let network = try Sequential(named: [("a", linear()), ("b", ReLU())])
        for (name, module) in [("S", network), ("a", try network.element(at: 0)), ("b", try network.element(at: 1))] {
            module.registerForwardPreHook(log.pre("\(name).pre"))
            module.registerForwardHook(log.post("\(name).post"))
        }
        _ = try network(ones())
        #expect(log.all == ["S.pre", "a.pre", "a.post", "b.pre", "b.post", "S.post"])
    }

    @Test("H25") func runsTheHooksOfASharedModuleEachTime() throws {
        let layer = try linear()
        layer.registerForwardHook(log.post("l"))
        _ = try Sequential(layer, layer)(ones())
        #expect(log.all == ["l", "l"])
    }

    @Test("H30") func putsPrependedHooksFirst() throws {
        let module = Scaling(log)
        module.registerForwardPreHook(log.pre("p1"))
        module.registerForwardPreHook(prepend: true, log.pre("p2"))
        module.registerForwardPreHook(prepend: true, log.pre("p3"))
        module.registerForwardHook(log.post("f1"))
        module.registerForwardHook(prepend: true, log.post("f2"))
        _ = try module(ones())
        #expect(log.all == ["p3", "p2", "p1", "forward", "f2", "f1"])
    }

    @Test("H52") func goesStraightToForwardWithoutHooks() throws {
        let module = Scaling(log)
        #expect(try module(scaled(by: 3)).floats == [3, 3])
        #expect(module.ownHooks.isEmpty)
        #expect(log.all == ["forward"])
    }

    @Test("H53") func namesTheModuleThatHasNoForward() throws {
        final class Foo: Module {}
        for (module, name) in [(Module(), "Module"), (Foo(), "Foo"), (try ModuleList(), "ModuleList")] {
            let error = #expect(throws: ModuleError.missingForward(type: name)) { try module(ones()) }
            #expect(error?.message() == "Module [\(name)] is missing the required \"forward\" function")
            #expect(error?.message(.torch1_0_1) == "")
            #expect(error?.kind == .notImplemented)
        }
    }
}
