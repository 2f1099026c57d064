import Dispatch
import OrderedCollections
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

/// Calls that wait in the compute queue: joined, or alone, with the same bits.
///
/// Serialized, because each test blocks a thread of the compute queue, as a product does.
@Suite(.serialized)
struct BatchingTests {
    /// Holds the worker that comes to it until it is opened.
    private final class Gate: Sendable {
        private let reached = Atomic<Bool>(false)
        var isReached: Bool { reached.load(ordering: .sequentiallyConsistent) }
        private let opening = DispatchSemaphore(value: 0)
        let shapes = Mutex<[[Int]]>([])

        func pass() {
            reach()
            opening.wait()
        }

        func reach() { reached.store(true, ordering: .sequentiallyConsistent) }
        func open() { opening.signal() }
    }

    private let gate = Gate()

    /// A registry in which every call goes through the queue, one product at a time.
    ///
    /// Its `log` hooks wait at the gate on level `trace`, and note the shapes that they see on others.
    private func queued(_ change: (inout ServingOptions) -> Void = { _ in }) -> Registry {
        var options = ServingOptions()
        options.inlineWork = -1
        options.computeWidth = 1
        options.log = { [gate] line in
            if line.level == .trace { gate.pass() } else { gate.shapes.withLock { $0.append(line.shape) } }
        }
        change(&options)
        return Registry(options: options)
    }

    /// Keeps the only worker of `registry` busy until the gate is opened.
    private func hold(_ registry: Registry) async throws {
        let moduleVersion = try await registry.add("gate", .linear(1, 1))
        let hook = HookDescription(kind: .forward, action: .log(level: .trace))
        let request = CallRequest(inputs: [try Tensor.zeros([1])], hooks: [hook])
        Task { try await registry.call(moduleVersion, request) }
        while !gate.isReached { await Task.yield() }
    }

    private static func waitForQueue(_ registry: Registry, _ count: Int) async {
        while registry.facts.queuedCalls < count { await Task.yield() }
    }

    static let inputs: [[Int]] = [[7], [1, 7], [3, 7], [0, 7], [2, 2, 7], [5, 7], [7], [1, 7]]

    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            .sequential(.linear(7, 19), .layer("ReLU"), .linear(19, 5)),
            .sequential(.linear(7, 3), .layer("LayerNorm", ["normalized_shape": .int(3)]), .layer("GELU")),
            .sequential(.linear(7, 3), .layer("Softmax", ["dim": .int(-1)])),
            .sequential(.linear(7, 3), .layer("Dropout"), .layer("Flatten")),
            .linear(7, 33, dtype: .float64), .linear(7, 4, dtype: .bfloat16),
        ] as [NodeDescription]
    )
    func joinedCallsGetTheBitsThatTheyGetAlone(node: NodeDescription) async throws {
        let registry = queued()
        let moduleVersion = try await registry.add("m", node)
        let generator = Generator(seed: 1)
        let inputs = try Self.inputs.map { shape in
            try Tensor.uniform(
                Shape(checking: shape),
                from: -1,
                to: 1,
                dtype: moduleVersion.listDType ?? .float32,
                generator: generator
            )
        }
        var alone: [String] = []
        for input in inputs { alone.append(await Self.bits(registry, moduleVersion, input)) }
        try await hold(registry)
        let together = await withTaskGroup(of: (Int, String).self) { group in
            for (index, input) in inputs.enumerated() {
                group.addTask { (index, await Self.bits(registry, moduleVersion, input)) }
            }
            await Self.waitForQueue(registry, inputs.count)
            gate.open()
            return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(inputs.indices.map { together[$0] } == alone)
        #expect(moduleVersion.statistics.executionCount < 2 * inputs.count)
    }

    /// The shape and bits of an output, or the error, as text.
    private static func bits(_ registry: Registry, _ moduleVersion: ModuleVersion, _ input: Tensor) async -> String {
        do {
            let output = try await registry.call(moduleVersion, CallRequest(inputs: [input])).output
            return "\(output.shape) \(output.withUnsafeBytes { Array($0) })"
        } catch {
            return "\(error)"
        }
    }

    @Test(.timeLimit(.minutes(5))) func joinsWhatWaits() async throws {
        let registry = queued { $0.maxBatchRows = 6 }
        let moduleVersion = try await registry.add("fc", .linear(2, 2), smallState())
        try await hold(registry)
        let sizes = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let input = (try? Tensor([1, 1] as [Float])).map { [$0] } ?? []
                    let result = try? await registry.call(moduleVersion, CallRequest(inputs: input))
                    return result?.output.scalars(as: Float.self) == [3.5, 6.5] ? result?.batchSize ?? 0 : 0
                }
            }
            await Self.waitForQueue(registry, 8)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sizes.sorted() == [2, 2, 6, 6, 6, 6, 6, 6])
        #expect(moduleVersion.statistics.executionCount == 2)
        #expect(moduleVersion.statistics.inferenceCount == 8)
        #expect(moduleVersion.statistics.success.count == 8)
    }

    @Test(.timeLimit(.minutes(5)), arguments: ["hook", "global", "own", "grad", "training", "rows"])
    func joinsNothingThatMustBeAlone(reason: String) async throws {
        let registry = queued()
        let node: NodeDescription =
            switch reason {
            case "training": .sequential(.linear(2, 2), .layer("Dropout", ["p": .double(0)]))
            case "rows": .sequential(.linear(2, 2), .layer("Softmax", ["dim": .int(0)]))
            default: .linear(2, 2)
            }
        var moduleVersion = try await registry.add("m", node, training: reason == "training")
        let hook = HookDescription(kind: .forward, action: .statistics)
        if reason == "own" { moduleVersion = try await registry.registerHook(hook, on: "m").moduleVersion }
        if reason == "global" { _ = try await registry.registerGlobalHook(hook) }
        let request = CallRequest(
            inputs: [try matrix([[1, 1]])],
            recordsGradients: reason == "grad",
            hooks: reason == "hook" ? [hook] : []
        )
        try await hold(registry)
        let called = moduleVersion
        let sizes = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<4 { group.addTask { try? await registry.call(called, request).batchSize } }
            await Self.waitForQueue(registry, 4)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sizes == [1, 1, 1, 1])
    }

    @Test(.timeLimit(.minutes(5))) func anErrorInABatchIsTheErrorThatEachGetsAlone() async throws {
        let registry = queued()
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        let request = CallRequest(inputs: [try Tensor([1, 2, 3] as [Float])])
        try await hold(registry)
        let texts = await withTaskGroup(of: String.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do {
                        _ = try await registry.call(moduleVersion, request)
                        return ""
                    } catch {
                        return (error as? TensorError)?.message() ?? "\(error)"
                    }
                }
            }
            await Self.waitForQueue(registry, 3)
            gate.open()
            return await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(texts == ["mat1 and mat2 shapes cannot be multiplied (1x3 and 2x2)"])
        #expect(moduleVersion.statistics.failure.count == 3)
    }

    @Test(.timeLimit(.minutes(5))) func refusesWhatTheQueueCannotHold() async throws {
        let registry = queued { options in
            options.limits.maxQueuedCalls = 2
            options.limits.maxQueuedBytes = 100
        }
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        try await hold(registry)
        let large = CallRequest(inputs: [try Tensor.zeros([16, 2])])
        let tooLarge = await servingError { _ = try await registry.call(moduleVersion, large) }
        #expect(tooLarge == .overloaded(retryAfter: .seconds(1)))
        // What a backward call brings beside its input counts too.
        let half = CallRequest(inputs: [try Tensor.zeros([8, 2])])
        let gradient = try Tensor.zeros([8, 2])
        let both = await servingError { _ = try await registry.backward(moduleVersion, half, gradOutput: gradient) }
        #expect(both == .overloaded(retryAfter: .seconds(1)))
        let small = CallRequest(inputs: [try Tensor.zeros([1, 2])])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { _ = try? await registry.call(moduleVersion, small) } }
            await Self.waitForQueue(registry, 2)
            let third = await servingError { _ = try await registry.call(moduleVersion, small) }
            #expect(third == .overloaded(retryAfter: .seconds(1)))
            gate.open()
        }
        #expect(registry.facts.queuedCalls == 0)
        #expect(registry.facts.queuedBytes == 0)
        _ = try await registry.call(moduleVersion, small)
    }

    @Test(.timeLimit(.minutes(5))) func dropsCallsWhoseClientHasGone() async throws {
        let registry = queued()
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        try await hold(registry)
        let request = CallRequest(inputs: [try Tensor.zeros([1, 2])])
        let gone = Task { try await registry.call(moduleVersion, request) }
        await Self.waitForQueue(registry, 1)
        gone.cancel()
        await #expect(throws: CancellationError.self) { try await gone.value }
        #expect(registry.facts.queuedCalls == 0)
        #expect(registry.facts.queuedBytes == 0)
        gate.open()
        _ = try await registry.call(moduleVersion, request)
        #expect(moduleVersion.statistics.executionCount == 1)
    }

    /// Whoever asked for a call, who ends the connection's direction when a test says so.
    private final class Asker: CallOrigin {
        let requestID = ""
        let traceID: String? = nil
        private let body = Mutex<(@Sendable () -> Void)?>(nil)
        private let hasGone: Bool

        init(hasGone: Bool = false) { self.hasGone = hasGone }

        func whenGone(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
            if hasGone { body() }
            self.body.withLock { $0 = body }
            return { self.body.withLock { $0 = nil } }
        }

        func go() { body.withLock { $0 }?() }
        var isWatched: Bool { body.withLock { $0 != nil } }
    }

    /// A call whose client may have gone is computed last, alone, and even so answered: some read on.
    @Test(.timeLimit(.minutes(5)), arguments: [true, false], [true, false])
    func callsThatNobodyMayWaitForComeLast(joins: Bool, goBeforeTheyWait: Bool) async throws {
        let registry = queued()
        let hook = HookDescription(kind: .forward, action: .log(level: .info))
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        let hooks = joins ? [] : [hook]
        try await hold(registry)
        let askers = (0..<3).map { _ in Asker(hasGone: goBeforeTheyWait) }
        await withTaskGroup(of: Int.self) { group in
            for (index, asker) in askers.enumerated() {
                group.addTask {
                    let input = (try? Tensor.zeros([1, 2])).map { [$0] } ?? []
                    let request = CallRequest(inputs: input, hooks: hooks, origin: asker)
                    let result = try? await registry.call(moduleVersion, request)
                    return result?.batchSize ?? 0
                }
                await Self.waitForQueue(registry, index + 1)
            }
            for asker in askers { asker.go() }
            for index in 0..<2 {
                group.addTask {
                    let input = (try? Tensor.zeros([3, 2])).map { [$0] } ?? []
                    let request = CallRequest(inputs: input, hooks: hooks, origin: Asker())
                    let result = try? await registry.call(moduleVersion, request)
                    return result?.batchSize ?? 0
                }
                await Self.waitForQueue(registry, askers.count + index + 1)
            }
            gate.open()
            let sizes = await group.reduce(into: []) { $0.append($1) }
            #expect(sizes.sorted() == (joins ? [1, 1, 1, 6, 6] : [1, 1, 1, 3, 3]))
        }
        #expect(gate.shapes.withLock { $0 } == (joins ? [] : [[3, 2], [3, 2], [1, 2], [1, 2], [1, 2]]))
        #expect(registry.facts.queuedBytes == 0)
        #expect(askers.allSatisfy { !$0.isWatched })
    }

    /// The only thread of the queue stays free: a product of seconds would hold up all that come while it is computed.
    @Test(.timeLimit(.minutes(5)), arguments: [true, false])
    func aCallThatNobodyMayWaitForHoldsUpNobody(goesBefore: Bool) async throws {
        let registry = queued()
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        let slow = try await registry.add("slow", .linear(1, 1))
        let hook = HookDescription(kind: .forward, action: .log(level: .trace))
        let (input, other) = (try Tensor.zeros([1]), try Tensor.zeros([1, 2]))
        let asker = Asker(hasGone: goesBefore)
        try await hold(registry)
        let late = Task { [gate] in
            try? await Task.sleep(for: .seconds(5))
            gate.open()
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await registry.call(slow, CallRequest(inputs: [input], hooks: [hook], origin: asker))
            }
            await Self.waitForQueue(registry, 1)
            asker.go()
            gate.open()
            while registry.facts.queuedCalls > 0 { await Task.yield() }
            // The call of whoever has gone is under way, and stands at the gate for a while.
            _ = try? await registry.call(moduleVersion, CallRequest(inputs: [other]))
            #expect(moduleVersion.statistics.executionCount == 1)
            #expect(slow.statistics.executionCount == 0)
            late.cancel()
        }
        #expect(slow.statistics.executionCount == 1)
    }

    @Test(.timeLimit(.minutes(5))) func callsThatNobodyMayWaitForMakeRoom() async throws {
        let registry = queued { $0.limits.maxQueuedCalls = 2 }
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        let input = try Tensor.zeros([1, 2])
        try await hold(registry)
        let refused = Gate()
        await withTaskGroup(of: Void.self) { group in
            let askers = (0..<2).map { _ in Asker() }
            for (index, asker) in askers.enumerated() {
                group.addTask {
                    let request = CallRequest(inputs: [input], origin: asker)
                    let refusal = await servingError { _ = try await registry.call(moduleVersion, request) }
                    #expect((refusal == nil) == (index == 1))
                    if index == 0 { refused.reach() }
                }
                await Self.waitForQueue(registry, index + 1)
            }
            let full = await servingError { _ = try await registry.call(moduleVersion, CallRequest(inputs: [input])) }
            #expect(full != nil)
            for asker in askers { asker.go() }
            async let here = registry.call(moduleVersion, CallRequest(inputs: [input]))
            while !refused.isReached { await Task.yield() }
            gate.open()
            #expect((try? await here) != nil)
        }
        #expect(registry.facts.queuedCalls == 0)
    }

    @Test(.timeLimit(.minutes(5))) func callsThatComeTooLateAreRefused() async throws {
        let registry = queued()
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        try await hold(registry)
        var request = CallRequest(inputs: [try Tensor.zeros([1, 2])], deadline: .now + .milliseconds(20))
        let waited = await servingError { _ = try await registry.call(moduleVersion, request) }
        #expect(waited == .deadlineExpired)
        gate.open()
        request.deadline = .now - .milliseconds(1)
        let past = await servingError { _ = try await registry.call(moduleVersion, request) }
        #expect(past == .deadlineExpired)
        #expect(moduleVersion.statistics.executionCount == 0)
    }

    @Test(.timeLimit(.minutes(5))) func urgentCallsGoFirst() async throws {
        let registry = queued()
        let hook = HookDescription(kind: .forward, action: .log(level: .info))
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        try await hold(registry)
        await withTaskGroup(of: Void.self) { group in
            for (index, priority) in [0, 3, 1, 2].enumerated() {
                group.addTask {
                    guard let input = try? Tensor.zeros(Shape(checking: [10 + priority, 2])) else { return }
                    _ = try? await registry.call(
                        moduleVersion,
                        CallRequest(inputs: [input], hooks: [hook], priority: priority)
                    )
                }
                await Self.waitForQueue(registry, index + 1)
            }
            gate.open()
        }
        #expect(gate.shapes.withLock { $0 } == [[11, 2], [12, 2], [13, 2], [10, 2]])
    }

    @Test(.timeLimit(.minutes(5))) func aDelayGivesOthersTimeToJoinUntilTheProductIsFull() async throws {
        let registry = queued { options in
            options.batchDelay = .seconds(3600)
            options.maxBatchRows = 2
        }
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        let request = CallRequest(inputs: [try Tensor.zeros([1, 2])])
        async let first = registry.call(moduleVersion, request)
        async let second = registry.call(moduleVersion, request)
        #expect(try await [first.batchSize, second.batchSize] == [2, 2])
    }

    /// Products have threads of their own: those that the process shares stay free for whatever else it does.
    @Test(.timeLimit(.minutes(5))) func aCreationWaitsForNoProduct() async throws {
        let isMade = Gate()
        var options = ServingOptions()
        options.inlineWork = -1
        options.log = { [gate] line in
            gate.shapes.withLock { $0.append(line.shape) }
            // Busy as a product is: a thread that sleeps would be stood in for.
            while !isMade.isReached {}
        }
        let registry = Registry(options: options)
        let moduleVersion = try await registry.add("busy", .linear(1, 1))
        let hook = HookDescription(kind: .forward, action: .log(level: .info))
        let request = CallRequest(inputs: [try Tensor.zeros([1])], hooks: [hook])
        for _ in 0..<ProcessorCount.available { Task { try await registry.call(moduleVersion, request) } }
        while gate.shapes.withLock({ $0.count }) < ProcessorCount.available { await Task.yield() }
        _ = try await registry.add("other", .linear(2, 2))
        isMade.reach()
    }

    @Test(.timeLimit(.minutes(5))) func unloadingWaitsForCallsUnderWay() async throws {
        let registry = queued()
        let moduleVersion = try await registry.add("fc", .linear(2, 2), smallState())
        try await hold(registry)
        let request = CallRequest(inputs: [try Tensor([1, 1] as [Float])])
        let unloaded = Gate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let output = try? await registry.call(moduleVersion, request).output.scalars(as: Float.self)
                #expect(output == [3.5, 6.5])
                #expect(!unloaded.isReached || output != nil)
            }
            await Self.waitForQueue(registry, 1)
            group.addTask {
                _ = try? await registry.unload("fc")
                unloaded.reach()
            }
            while (try? registry.moduleVersion("fc")) != nil { await Task.yield() }
            #expect(!unloaded.isReached)
            gate.open()
        }
        #expect(unloaded.isReached)
    }
}
