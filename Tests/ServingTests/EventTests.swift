import NN
import Tensors
import Testing

@testable import Models
@testable import Serving

struct EventTests {
    let registry: Registry

    init() async throws {
        var options = ServingOptions()
        options.limits.maxListeners = 3
        options.limits.maxPendingEvents = 4
        registry = Registry(options: options)
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", .sequential(.ref("fc"), .layer("ReLU")))
    }

    private func next(_ listener: EventListener) async -> (event: ServingEvent, dropped: Int)? {
        guard case .event(let event, let dropped) = await listener.next(within: .zero) else { return nil }
        return (event, dropped)
    }

    @Test func tellsOfCalls() async throws {
        let listener = try registry.events.listen(EventFilter(name: "fc"))
        _ = try await registry.call("fc", [1, 1])
        _ = try await registry.call("net", [1, 1])
        _ = try? await registry.call("fc", [1, 1, 1])
        let first = try #require(await next(listener)).event
        guard case .call(let call) = first.content else { return #expect(first.kind == .call) }
        #expect(call.shape == [2])
        #expect(first.version == 1)
        let second = try #require(await next(listener)).event
        guard case .call(let failed) = second.content else { return #expect(second.kind == .call) }
        #expect(failed.shape == nil)
        #expect(second.id > first.id)
        #expect(await next(listener) == nil)
    }

    @Test func tellsOfCapturesWithTheirPath() async throws {
        let hook = HookDescription(kind: .forward, module: "0", action: .capture)
        let id = try await registry.registerHook(hook, on: "net").hook.id
        let listener = try registry.events.listen(EventFilter(name: "net", kinds: [.capture], module: "0"))
        let other = try registry.events.listen(EventFilter(name: "net", kinds: [.capture], module: "1"))
        _ = try await registry.call("net", [1, 1])
        let event = try #require(await next(listener)).event
        guard case .capture(let hookID, .forward, nil, let tensor) = event.content else {
            return #expect(event.kind == .capture)
        }
        #expect(hookID == id)
        #expect(event.module == "0")
        #expect(tensor.scalars(as: Float.self) == [3.5, 6.5])
        #expect(await next(other) == nil)
    }

    @Test func tracesFourCallsASecondForThoseWhoAsk() async throws {
        let untraced = try await registry.call("net", [1, 1])
        let usual = try registry.events.listen(EventFilter(name: "net"))
        let listener = try registry.events.listen(EventFilter(name: "net", kinds: [.trace]))
        let started = ContinuousClock.now
        for _ in 0..<20 { #expect(try await registry.call("net", [1, 1]) == untraced) }
        let seconds = Int(started.duration(to: .now) / .seconds(1)) + 1
        let event = try #require(await next(listener)).event
        guard case .trace(let events) = event.content else { return #expect(event.kind == .trace) }
        #expect(events.filter { $0.kind == .forwardBegin }.map(\.module) == ["", "0", "1"])
        var count = 1
        while await next(listener) != nil { count += 1 }
        #expect(count <= 4 * seconds)
        while let event = await next(usual) { #expect(event.event.kind == .call) }
    }

    @Test func tracesNothingForListenersToOtherModulesOrParts() async throws {
        let other = try registry.events.listen(EventFilter(name: "fc", kinds: [.trace]))
        let part = try registry.events.listen(EventFilter(name: "net", kinds: [.trace], module: "0"))
        _ = try await registry.call("net", [1, 1])
        #expect(await next(other) == nil)
        #expect(await next(part) == nil)
    }

    @Test func neverTellsOfWhatACallCapturesForItself() async throws {
        let listener = try registry.events.listen(EventFilter(kinds: [.capture]))
        _ = try await registry.call("fc", [1, 1], hooks: [HookDescription(kind: .forward, action: .capture)])
        #expect(await next(listener) == nil)
    }

    @Test func dropsTheOldestForASlowReaderAndCounts() async throws {
        let listener = try registry.events.listen(EventFilter())
        for _ in 0..<7 { _ = try await registry.call("fc", [1, 1]) }
        let first = try #require(await next(listener))
        #expect(first.dropped == 3)
        #expect(first.event.id == 4)
        #expect(try #require(await next(listener)).dropped == 0)
    }

    @Test func dropsTheOldestWhenCapturesTakeTooMuchMemory() async throws {
        var options = ServingOptions()
        options.limits.maxPendingEventBytes = 20
        let registry = Registry(options: options)
        try await registry.add("fc", .linear(2, 2), smallState())
        _ = try await registry.registerHook(HookDescription(kind: .forward, action: .capture), on: "fc")
        let listener = try registry.events.listen(EventFilter(kinds: [.capture]))
        // A capture of two floats is eight bytes, so that two of them wait at most.
        for _ in 0..<5 { _ = try await registry.call("fc", [1, 1]) }
        #expect(try #require(await next(listener)).dropped == 3)
        #expect(try #require(await next(listener)).dropped == 0)
        #expect(await next(listener) == nil)
    }

    @Test func tellsAgainWhatSomebodyMissed() async throws {
        let first = try registry.events.listen(EventFilter())
        for _ in 0..<3 { _ = try await registry.call("fc", [1, 1]) }
        let seen = try #require(await next(first)).event.id
        first.close()
        let second = try registry.events.listen(EventFilter(), after: seen)
        #expect(try #require(await next(second)).event.id == seen + 1)
    }

    /// Four events are remembered, and so not the first three behind the one that was seen.
    @Test func countsWhatIsForgottenSinceSomebodyLeft() async throws {
        let first = try registry.events.listen(EventFilter())
        _ = try await registry.call("fc", [1, 1])
        let seen = try #require(await next(first)).event.id
        first.close()
        for _ in 0..<7 { _ = try await registry.call("fc", [1, 1]) }
        let second = try registry.events.listen(EventFilter(name: "net"), after: seen)
        guard case .lost(.events(3)) = await second.next(within: .zero) else {
            return #expect(Bool(false), "three events were lost")
        }
        guard case .idle = await second.next(within: .zero) else { return #expect(Bool(false), "said once") }
        let third = try registry.events.listen(EventFilter(), after: seen + 3)
        #expect(try #require(await next(third)).event.id == seen + 4)
    }

    @Test func anEventOfAnEarlierRunIsNotTakenForOneOfThis() async throws {
        try registry.events.listen(EventFilter()).close()
        for _ in 0..<2 { _ = try await registry.call("fc", [1, 1]) }
        let listener = try registry.events.listen(EventFilter(), after: .max)
        guard case .lost(.unknown) = await listener.next(within: .zero) else {
            return #expect(Bool(false), "nobody knows what was lost")
        }
        #expect(try #require(await next(listener)).event.id == 1)
    }

    @Test(.timeLimit(.minutes(5))) func wakesAReaderThatWaits() async throws {
        let listener = try registry.events.listen(EventFilter())
        async let outcome = listener.next(within: .seconds(50))
        while true {
            _ = try await registry.call("fc", [1, 1])
            if registry.events.listenerCount == 1 { break }
        }
        guard case .event = await outcome else { return #expect(Bool(false), "an event was to come") }
    }

    @Test(.timeLimit(.minutes(5))) func aReaderThatIsCancelledGoesOn() async throws {
        let listener = try registry.events.listen(EventFilter())
        let reader = Task { await listener.next(within: .seconds(50)) }
        reader.cancel()
        guard case .idle = await reader.value else { return #expect(Bool(false), "nothing was to come") }
    }

    @Test func endsWithTheServer() async throws {
        let listener = try registry.events.listen(EventFilter())
        _ = try await registry.call("fc", [1, 1])
        registry.events.finish()
        guard case .event = await listener.next(within: .zero) else {
            return #expect(Bool(false), "first what is there")
        }
        guard case .finished = await listener.next(within: .zero) else { return #expect(Bool(false), "then the end") }
        #expect(throws: ServingError.shuttingDown) { try registry.events.listen(EventFilter()) }
    }

    @Test func refusesTooManyListeners() throws {
        let listeners = try (0..<3).map { _ in try registry.events.listen(EventFilter()) }
        #expect(throws: ServingError.limitExceeded(.listeners, limit: 3, requested: nil)) {
            try registry.events.listen(EventFilter())
        }
        listeners[0].close()
        _ = try registry.events.listen(EventFilter())
    }

    /// Of the name that was changed and of all that stand in it or around it.
    @Test func tellsOfEachKindOfChange() async throws {
        let listener = try registry.events.listen(EventFilter(kinds: [.change]))
        func heard() async -> [String] {
            var found: [String] = []
            while let (event, _) = await next(listener) {
                guard case .change(let kind) = event.content else { continue }
                found.append("\(event.name)@\(event.version) \(kind)")
            }
            return found.sorted()
        }
        _ = try await registry.setParameter("bias", of: "fc", to: Tensor([1, 2] as [Float]))
        #expect(await heard() == ["fc@2 setTensor", "net@2 reference"])
        _ = try await registry.setParameter("0.bias", of: "net", to: nil)
        #expect(await heard() == ["fc@3 setTensor", "net@3 reference"])
        let hook = HookDescription(kind: .forward, module: "", action: .statistics)
        let id = try await registry.registerHook(hook, on: "net").hook.id
        #expect(await heard() == ["net@4 addHook"])
        _ = try await registry.removeHook(id, from: "net")
        #expect(await heard() == ["net@5 removeHook"])
        try await registry.add("other", .linear(2, 2))
        #expect(await heard() == ["other@1 put"])
        _ = try await registry.loadStateDict(smallState(), into: "other", strict: true)
        #expect(await heard() == ["other@2 loadStateDict"])
        try await registry.delete("net")
        #expect(await heard() == ["net@5 remove"])
        _ = try? await registry.setParameter("none", of: "fc", to: nil)
        #expect(await heard() == [])
    }
}
