import Tensors
import Testing

@testable import NN

/// The numbered cases where PyTorch 1.0.1 gives another result, in its compatibility mode.
struct OldRulesTests {
    private let log = Log()
    private let context = quietContext(compatibility: .torch1_0_1)

    @Test("H05, H06, H08, H09, H14") func ignoresWhatAPreHookReturns() throws {
        let layer = try linear()
        layer.registerForwardPreHook { _, inputs in try [inputs[0] * 10, inputs[0]] }
        layer.registerForwardHook { [log] _, inputs, _ in
            log.append("\(inputs.map(\.floats))")
            return nil
        }
        #expect(try context.run { try layer(ones()) }.floats == [3.5, 6.5])
        #expect(log.all == ["[[1.0, 1.0]]"])
    }

    @Test("H11, H12, H13") func refusesAForwardHookThatReturnsAValue() throws {
        let layer = try linear()
        let handle = layer.registerForwardHook { _, _, output in output }
        layer.registerForwardHook(log.post("later"))
        let error = #expect(throws: ModuleError.forwardHookReturned(.registered(handle.id))) {
            try context.run { try layer(ones()) }
        }
        let address = "0x" + String(handle.id, radix: 16)
        #expect(
            error?.message()
                == "forward hooks should never return any values, but '<function hook at \(address)>'didn't return None"
        )
        #expect(error?.kind == .runtime)
        #expect(log.all.isEmpty)
    }

    @Test("H20") func refusesATableThatChangesWhileItsHooksRun() throws {
        let module = Scaling(log)
        let handle = Box<HookHandle?>(nil)
        handle.value = module.registerForwardHook { [log] _, _, _ in
            log.append("h")
            handle.value?.remove()
            return nil
        }
        module.registerForwardHook(log.post("after"))
        let error = #expect(throws: ModuleError.hooksChangedWhileRunning) { try context.run { try module(ones()) } }
        #expect(error?.message() == "OrderedDict mutated during iteration")
        _ = try context.run { try module(ones()) }
        #expect(log.all == ["forward", "h", "forward", "after"])
    }

    @Test func leavesZerosWhereAGradientIsCleared() throws {
        let layer = try linear()
        try layer(ones()).sum().backward()
        Compatibility.torch1_0_1.run { layer.clearGrad() }
        #expect(layer.bias?.grad?.floats == [0, 0])
        layer.clearGrad()
        #expect(layer.bias?.grad == nil)
    }

    @Test("H21, H22") func letsTheLastHookAndHooksOfAnotherKindChangeTables() throws {
        let module = Scaling(log)
        module.registerForwardPreHook { [log] module, _ in
            if module.ownHooks.current.forward.isEmpty {
                module.registerForwardHook { [log] module, _, _ in
                    log.append("h")
                    if module.ownHooks.current.forward.count == 1 { module.registerForwardHook(log.post("new")) }
                    return nil
                }
            }
            return nil
        }
        _ = try context.run { try module(ones()) }
        _ = try context.run { try module(ones()) }
        #expect(log.all == ["forward", "h", "forward", "h", "new"])
    }
}
