import OrderedCollections
import Tensors

/// One call of one module with hooks: PyTorch's `_call_impl`, step by step.
struct HookedCall: ~Copyable {
    // Whoever makes the call holds both until it returns; counting references would cost more than an empty hook.
    unowned(unsafe) let module: Module
    unowned(unsafe) let context: CallContext?
    /// Whether the rules of PyTorch 1.0.1 hold.
    let isOld: Bool
    /// The positional inputs once a hook has asked for them; before that, those given.
    private var inputs: [Tensor]?
    private var keywords: Arguments.Keywords?
    /// What there is when a hook after `forward` fails.
    private var output: Tensor?
    private var calledAlways: Set<HookID>?

    init(of module: Module, in context: CallContext?) {
        self.module = module
        self.context = context
        isOld = context?.compatibility == .torch1_0_1
    }

    /// Runs the call.
    ///
    /// An error goes past the hooks that insist on being called, and is then thrown on. Cancellation is not an error but
    /// the end of the task, as `KeyboardInterrupt` is in Python: no hook sees it.
    mutating func run(with given: Arguments) throws -> Tensor {
        keywords = given.named
        do {
            return try runInOrder(given)
        } catch let error where !(error is CancellationError) {
            runAlwaysCalledHooks(given)
            throw error
        }
    }

    private mutating func runInOrder(_ given: Arguments) throws -> Tensor {
        guard hasMoreThanForwardHooks else {
            var result = try forward(given)
            try runForwardHooks(on: &result, given)
            return result
        }
        let backward = BackwardHooks(of: module, in: context)
        try runForwardPreHooks(given)
        let bridge = try bridge(over: backward, given)
        var result = try runForward(given)
        try runForwardHooks(on: &result, given)
        if let bridge { result = bridge.closed(over: result) }
        backward?.attachOldHooks(to: result, inputs: inputs ?? given.positional)
        return result
    }

    /// Whether there is anything to do but to run the module's own forward hooks, as there seldom is.
    private var hasMoreThanForwardHooks: Bool {
        context != nil || CallPath.needsAttention || module.ownHooks?.hasOnlyForward != true
    }

    private mutating func bridge(over backward: BackwardHooks?, _ given: Arguments) throws -> BackwardBridge? {
        guard let backward else { return nil }
        var inputs = list(given)
        defer { self.inputs = inputs }
        return try backward.bridge(over: &inputs)
    }

    private mutating func list(_ given: Arguments) -> [Tensor] {
        if let inputs { return inputs }
        let listed = given.positional
        inputs = listed
        return listed
    }

    private func runForward(_ given: Arguments) throws -> Tensor {
        guard let tracer = context?.tracer else { return try forward(given) }
        let start = tracer.beginForward(of: (inputs ?? given.positional).first ?? keywords?.values.first)
        let result = try forward(given)
        tracer.endForward(with: result, since: start)
        return result
    }

    private func forward(_ given: Arguments) throws -> Tensor {
        guard let inputs else { return try module.forward(given) }
        return try module.forward(Arguments(inputs, keywords))
    }

    private mutating func runForwardPreHooks(_ given: Arguments) throws {
        let hooks = HookSources.forwardPre(of: module, in: context)
        guard !hooks.isEmpty else { return }
        var inputs = list(given)
        defer { self.inputs = inputs }
        for hook in hooks {
            let watch = HookWatch(\.forwardPre, of: self)
            if losesKeywords(hook.id, hook.body.takesKeywords) {
                var none: Arguments.Keywords?
                try hook.body(module, &inputs, &none, isOld: isOld)
            } else {
                try hook.body(module, &inputs, &keywords, isOld: isOld)
            }
            try watch?.end(.forwardPreHook, hook.id, isLast: hook.id == hooks.last?.id)
        }
    }

    private mutating func runForwardHooks(on result: inout Tensor, _ given: Arguments) throws {
        let hooks = HookSources.forward(of: module, in: context)
        guard !hooks.isEmpty else { return }
        let inputs = list(given)
        do {
            for hook in hooks {
                if hook.body.isAlwaysCalled { calledAlways = (calledAlways ?? []).union([hook.id]) }
                let watch = HookWatch(\.forward, of: self)
                let given = losesKeywords(hook.id, hook.body.takesKeywords) ? nil : keywords
                if let replacement = try hook.body(module, inputs, given, result) {
                    guard !isOld else { throw ModuleError.forwardHookReturned(hook.id) }
                    result = replacement
                }
                try watch?.end(.forwardHook, hook.id, isLast: hook.id == hooks.last?.id)
            }
        } catch {
            output = result
            throw error
        }
    }

    /// The way of an error: what insists on being called and had no turn yet runs now, with what there is.
    ///
    /// The global hooks get no keyword arguments here, whatever they were registered for, as in PyTorch.
    private mutating func runAlwaysCalledHooks(_ given: Arguments) {
        let inputs = list(given)
        for hook in HookSources.globalForward(in: context) { runAfterError(hook, inputs, nil, isGlobal: true) }
        for hook in HookSources.ownForward(of: module, in: context) {
            runAfterError(hook, inputs, keywords, isGlobal: false)
        }
    }

    private mutating func runAfterError(
        _ hook: Hook<ForwardBody>,
        _ inputs: [Tensor],
        _ keywords: Arguments.Keywords?,
        isGlobal: Bool
    ) {
        guard hook.body.isAlwaysCalled, calledAlways?.contains(hook.id) != true else { return }
        do {
            let start = ContinuousClock.now
            let replacement = try hook.body.callAfterError(module, inputs, keywords, output)
            context?.tracer?.recordHook(.forwardHook, hook.id, since: start)
            output = replacement ?? output
        } catch {
            Warnings.emit(
                .silencedHookError(error, isGlobal: isGlobal, compatibility: context?.compatibility ?? .current)
            )
        }
    }

    /// Whether a hook was removed earlier in this call: it runs once more, but without keyword arguments, as in PyTorch.
    private func losesKeywords(_ hook: HookID, _ takesKeywords: Bool) -> Bool {
        guard takesKeywords, keywords != nil, case .registered = hook else { return false }
        return module.ownHooks?.contains(hook) != true && !GlobalHooks.tables.contains(hook)
            && context?.globalHooks?.hooks.contains(hook) != true
    }
}
