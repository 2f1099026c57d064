import Tensors
import Testing

@testable import NN

/// The numbered cases about errors, and about the hooks that are called in spite of them.
struct FailingCallTests {
    private let log = Log()

    private func call(_ module: Module) throws {
        do {
            _ = try module(ones())
        } catch let error as Failure {
            log.append(error.description)
        }
    }

    @Test("H26") func stopsAtAFailingPreHook() throws {
        let module = Scaling(log)
        module.registerForwardPreHook { [log] _, _ in
            log.append("pre")
            throw Failure("p")
        }
        module.registerForwardPreHook(log.pre("pre2"))
        module.registerForwardHook(log.post("post"))
        try call(module)
        #expect(log.all == ["pre", "p"])
    }

    @Test("H27") func skipsHooksAfterAFailingForward() throws {
        let module = Scaling(log, failing: Failure("boom"))
        module.registerForwardHook(log.post("post"))
        try call(module)
        #expect(log.all == ["forward", "boom"])
    }

    @Test("H28") func stopsAtAFailingHook() throws {
        let module = Scaling(log)
        module.registerForwardHook { [log] _, _, _ in
            log.append("h1")
            throw Failure("h")
        }
        module.registerForwardHook(log.post("h2"))
        try call(module)
        #expect(log.all == ["forward", "h1", "h"])
    }

    @Test("H38") func callsAnAlwaysCalledHookWithoutOutputAfterAFailingForward() throws {
        let module = Scaling(log, failing: Failure("boom"))
        module.registerAlwaysCalledForwardHook(log.always("always"))
        module.registerForwardHook(log.post("plain"))
        try call(module)
        #expect(log.all == ["forward", "always [[1.0, 1.0]] None", "boom"])
    }

    @Test("H39") func callsAnAlwaysCalledHookOnceOnSuccess() throws {
        let module = Scaling(log)
        module.registerAlwaysCalledForwardHook(log.always("always"))
        try call(module)
        #expect(log.all == ["forward", "always [[1.0, 1.0]] [1.0, 1.0]"])
    }

    @Test("H40") func callsThoseThatHadNoTurnWithTheOutputSoFar() throws {
        let module = Scaling(log)
        module.registerAlwaysCalledForwardHook(log.always("A1"))
        module.registerForwardHook { [log] _, _, _ in
            log.append("bad")
            throw Failure("hook")
        }
        module.registerAlwaysCalledForwardHook(log.always("A2"))
        module.registerForwardHook(log.post("plain"))
        try call(module)
        #expect(
            log.all == ["forward", "A1 [[1.0, 1.0]] [1.0, 1.0]", "bad", "A2 [[1.0, 1.0]] [1.0, 1.0]", "hook"]
        )
    }

    @Test("H41") func callsAFailingAlwaysCalledHookOnce() throws {
        let module = Scaling(log)
        module.registerAlwaysCalledForwardHook { [log] _, _, _ in
            log.append("A")
            throw Failure("A failed")
        }
        try call(module)
        #expect(log.all == ["forward", "A", "A failed"])
    }

    @Test("H42") func warnsOfAnErrorBehindAnError() throws {
        let module = Scaling(log, failing: Failure("boom"))
        module.registerAlwaysCalledForwardHook { _, _, _ in throw Failure("'inner'") }
        module.registerAlwaysCalledForwardHook(log.always("A2"))
        let warnings = Box<[String]>([])
        try Warnings.handled(by: { warnings.value.append($0.message) }) { try call(module) }
        #expect(log.all == ["forward", "A2 [[1.0, 1.0]] None", "boom"])
        #expect(
            warnings.value == [
                "module forward hook with ``always_call=True`` raised an exception that was silenced as another error "
                    + "was raised in forward: 'inner'"
            ]
        )
    }

    @Test("H43") func callsAlwaysCalledHooksAfterAFailingPreHook() throws {
        let module = Scaling(log)
        module.registerForwardPreHook { _, inputs in try [inputs[0] * 3] }
        module.registerForwardPreHook { _, _ in throw Failure("pre") }
        module.registerAlwaysCalledForwardHook(log.always("A"))
        try call(module)
        #expect(log.all == ["A [[3.0, 3.0]] None", "pre"])
    }

    @Test("H45: cancellation is to Swift what KeyboardInterrupt is to Python")
    func letsCancellationPassUnseen() {
        let module = Scaling(failing: CancellationError())
        module.registerAlwaysCalledForwardHook(log.always("A"))
        #expect(throws: CancellationError.self) { try module(ones()) }
        #expect(log.all.isEmpty)
    }
}
