import OrderedCollections
import Tensors
import Testing

@testable import NN

/// The numbered cases in which PyTorch 1.0.1 does as 2.13 does, under the rules of 1.0.1.
///
/// Those about backward hooks, B01 to B04, run under both in `OldBackwardHookTests`; where the versions differ, see
/// `OldRulesTests`.
struct SameRulesTests {
    private let log = Log()
    private let context = quietContext(compatibility: .torch1_0_1)

    private func call(_ module: Module) {
        do {
            _ = try context.run { try module(ones()) }
        } catch {
            log.append("\(error)")
        }
    }

    @Test("H01, H02") func runsHooksInTheOrderOfRegistrationAroundForward() {
        let module = Scaling(log)
        for name in ["a", "b"] {
            module.registerForwardHook(log.post("post_\(name)"))
            module.registerForwardPreHook(log.pre("pre_\(name)"))
        }
        call(module)
        #expect(log.all == ["pre_a", "pre_b", "forward", "post_a", "post_b"])
    }

    @Test("H03, H04", arguments: [false, true]) func showsInputsAndOutput(isNamed: Bool) throws {
        let layer = try linear()
        layer.registerForwardPreHook { [log] _, inputs in
            log.append("\(inputs.map(\.floats))")
            return nil
        }
        layer.registerForwardHook { [log] _, inputs, output in
            log.append("\(inputs.map(\.floats)) \(output.floats)")
            return nil
        }
        let arguments = try isNamed ? Arguments([], keyword: ["input": ones()]) : Arguments(ones())
        _ = try context.run { try layer(arguments) }
        #expect(log.all == (isNamed ? ["[]", "[] [3.5, 6.5]"] : ["[[1.0, 1.0]]", "[[1.0, 1.0]] [3.5, 6.5]"]))
    }

    @Test("H17, H18, H19") func removesHooks() {
        let module = Scaling(log)
        let (first, second) = (module.registerForwardHook(log.post("1")), module.registerForwardHook(log.post("2")))
        #expect(first.id < second.id)
        call(module)
        first.remove()
        first.remove()
        second.whileRegistered { call(module) }
        call(module)
        #expect(log.all == ["forward", "1", "2", "forward", "2", "forward"])
    }

    @Test("H23, H25") func runsHooksAtEachCallAndNotAroundForwardAlone() throws {
        let module = Scaling(log)
        module.registerForwardHook(log.post("post"))
        call(try Sequential(module, module))
        _ = try context.run { try module.forward(Arguments(ones())) }
        #expect(log.all == ["forward", "post", "forward", "post", "forward"])
    }

    @Test("H24") func nestsTheHooksOfParentAndChild() throws {
        let child = Scaling(log)
        let parent = try Sequential(child)
        for (name, module) in [("S", parent as Module), ("a", child)] {
            module.registerForwardPreHook(log.pre("\(name).pre"))
            module.registerForwardHook(log.post("\(name).post"))
        }
        call(parent)
        #expect(log.all == ["S.pre", "a.pre", "forward", "a.post", "S.post"])
    }

    @Test("H26") func stopsAtAFailingPreHook() {
        let module = Scaling(log)
        module.registerForwardPreHook { _, _ in throw Failure("p") }
        module.registerForwardHook(log.post("post"))
        call(module)
        #expect(log.all == ["p"])
    }

    @Test("H27") func stopsAtAFailingForward() {
        let module = Scaling(log, failing: Failure("boom"))
        module.registerForwardHook(log.post("post"))
        call(module)
        #expect(log.all == ["forward", "boom"])
    }

    @Test("H28") func stopsAtAFailingHook() {
        let module = Scaling(log)
        module.registerForwardHook { _, _, _ in throw Failure("h") }
        module.registerForwardHook(log.post("later"))
        call(module)
        #expect(log.all == ["forward", "h"])
    }
}
