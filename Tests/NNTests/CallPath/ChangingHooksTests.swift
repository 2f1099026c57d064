import Tensors
import Testing

@testable import NN

/// The numbered cases about handles, and about hooks that come and go while they run.
struct ChangingHooksTests {
    private let log = Log()

    @Test("H17") func removesAHookOnce() throws {
        let module = Scaling(log)
        let handle = module.registerForwardHook(log.post("post"))
        _ = try module(ones())
        handle.remove()
        handle.remove()
        _ = try module(ones())
        #expect(log.all == ["forward", "post", "forward"])
        #expect(module.ownHooks.isEmpty)
    }

    @Test("H18") func removesAHookAtTheEndOfAScope() throws {
        let module = Scaling(log)
        _ = try module.registerForwardHook(log.post("post")).whileRegistered { try module(ones()) }
        _ = try module(ones())
        #expect(throws: Failure("x")) {
            try module.registerForwardHook(log.post("post2")).whileRegistered { throw Failure("x") }
        }
        _ = try module(ones())
        #expect(log.all == ["forward", "post", "forward", "forward"])
    }

    @Test("H19") func countsHandlesOfAllKindsUpwards() throws {
        let ids = [
            Scaling().registerForwardHook { _, _, _ in nil }.id,
            Scaling().registerForwardPreHook { _, _ in nil }.id,
            try Scaling().registerFullBackwardHook { _, _, _ in nil }.id,
        ]
        // Other tests count along, so the steps are not always one.
        #expect(ids == ids.sorted() && Set(ids).count == 3)
    }

    @Test func keepsWhatCameFromASnapshotWhenAHookIsRegistered() throws {
        let module = Scaling(log)
        var hooks = HookSnapshot()
        hooks.add(.forward(log.post("added")), id: HookHandle.nextID())
        module.addHooks(hooks)
        module.registerForwardHook(log.post("registered"))
        _ = try module(ones())
        #expect(log.all == ["forward", "added", "registered"])
    }

    @Test("H20") func letsAHookRemoveItself() throws {
        let module = Scaling(log)
        let handle = Box<HookHandle?>(nil)
        handle.value = module.registerForwardHook { [log] _, _, _ in
            log.append("h")
            handle.value?.remove()
            return nil
        }
        module.registerForwardHook(log.post("after"))
        _ = try module(ones())
        _ = try module(ones())
        #expect(log.all == ["forward", "h", "after", "forward", "after"])
    }

    @Test("H21") func runsAHookAddedByOneOfItsKindFromTheNextCallOn() throws {
        let module = Scaling(log)
        module.registerForwardHook { [log] module, _, _ in
            log.append("h")
            if module.ownHooks.current.forward.count == 1 { module.registerForwardHook(log.post("new")) }
            return nil
        }
        _ = try module(ones())
        log.append("--")
        _ = try module(ones())
        #expect(log.all == ["forward", "h", "--", "forward", "h", "new"])
    }

    @Test("H22") func runsAForwardHookAddedByAPreHookInTheSameCall() throws {
        let module = Scaling(log)
        module.registerForwardPreHook { [log] module, _ in
            log.append("pre")
            module.registerForwardHook(log.post("post"))
            return nil
        }
        _ = try module(ones())
        #expect(log.all == ["pre", "forward", "post"])
    }

    @Test("H46") func outlivesItsModule() {
        var module: Scaling? = Scaling()
        weak let observed = module
        let handle = module?.registerForwardHook { _, _, _ in nil }
        module = nil
        #expect(observed == nil)
        handle?.remove()
    }

    @Test("H47") func dropsTheMarksWithTheHook() {
        let module = Scaling()
        let handle = module.registerAlwaysCalledForwardHookWithKeywords { _, _, _ in nil }
        #expect(module.ownHooks.current.forward.map(\.body.isAlwaysCalled) == [true])
        #expect(module.ownHooks.current.forward.map(\.body.takesKeywords) == [true])
        handle.remove()
        #expect(module.ownHooks.current.forward.isEmpty)
    }

    @Test("H48") func runsAPreHookAddedByOneOfItsKindFromTheNextCallOn() throws {
        let module = Scaling(log)
        module.registerForwardPreHook { [log] module, _ in
            log.append("p")
            if module.ownHooks.current.forwardPre.count == 1 { module.registerForwardPreHook(log.pre("new")) }
            return nil
        }
        _ = try module(ones())
        log.append("--")
        _ = try module(ones())
        #expect(log.all == ["p", "forward", "--", "p", "new", "forward"])
    }

    @Test("H49") func runsAHookThatAnEarlierOneRemovesOnceMore() throws {
        let module = Scaling(log)
        let handle = Box<HookHandle?>(nil)
        module.registerForwardPreHook { [log] _, _ in
            log.append("p1")
            handle.value?.remove()
            return nil
        }
        handle.value = module.registerForwardPreHook(log.pre("p2"))
        _ = try module(ones())
        log.append("--")
        _ = try module(ones())
        #expect(log.all == ["p1", "p2", "forward", "--", "p1", "forward"])
    }
}
