import OrderedCollections
import Tensors

/// One call with hooks: PyTorch's `_call_impl`, step by step.
///
/// The steps are the module's own methods: a reference that another value held would be counted at each of its uses, and
/// counting costs more than an empty hook.
extension Module {
    /// Runs the call.
    ///
    /// An error goes past the hooks that insist on being called, and is then thrown on. Cancellation is not an error but
    /// the end of the task, as `KeyboardInterrupt` is in Python: no hook sees it.
    final func callWithHooks(_ given: Arguments, in context: CallContext?) throws -> Tensor {
        var progress = CallProgress(keywords: given.named)
        do {
            return try runInOrder(given, &progress, context)
        } catch let error where !(error is CancellationError) {
            runAlwaysCalledHooks(given, progress, context)
            throw error
        }
    }

    private final func runInOrder(
        _ given: Arguments,
        _ progress: inout CallProgress,
        _ context: CallContext?
    ) throws -> Tensor {
        guard context != nil || CallPath.needsAttention || !ownHooks.hasOnlyForward else {
            var result = try forward(given)
            try runForwardHooks(on: &result, given, &progress, nil)
            return result
        }
        let backward = BackwardHooks(of: self, in: context)
        try runForwardPreHooks(given, &progress, context)
        let bridge = try bridge(over: backward, given, &progress)
        var result = try runForward(given, progress, context?.tracer)
        try runForwardHooks(on: &result, given, &progress, context)
        if let bridge { result = bridge.closed(over: result) }
        backward?.attachOldHooks(to: result, inputs: progress.inputs ?? given.positional)
        return result
    }

    private final func bridge(
        over backward: BackwardHooks?,
        _ given: Arguments,
        _ progress: inout CallProgress
    ) throws -> BackwardBridge? {
        guard let backward else { return nil }
        var inputs = progress.inputs ?? given.positional
        defer { progress.inputs = inputs }
        return try backward.bridge(over: &inputs)
    }

    private final func runForward(_ given: Arguments, _ progress: CallProgress, _ tracer: Tracer?) throws -> Tensor {
        let arguments = progress.inputs.map { Arguments($0, progress.keywords) } ?? given
        guard let tracer else { return try forward(arguments) }
        let start = tracer.beginForward(of: arguments.first)
        let result = try forward(arguments)
        tracer.endForward(with: result, since: start)
        return result
    }

    private final func runForwardPreHooks(
        _ given: Arguments,
        _ progress: inout CallProgress,
        _ context: CallContext?
    ) throws {
        let hooks = HookSources.forwardPre(of: self, in: context)
        guard !hooks.isEmpty else { return }
        var inputs = given.positional
        defer { progress.inputs = inputs }
        for hook in hooks {
            let watch = HookWatch(\.forwardPre, of: self, in: context)
            let isOld = context?.compatibility == .torch1_0_1
            if hook.body.takesKeywords, lostKeywords(hook.id, progress, context) {
                var none: Arguments.Keywords?
                try hook.body(self, &inputs, &none, isOld: isOld)
            } else {
                try hook.body(self, &inputs, &progress.keywords, isOld: isOld)
            }
            try watch?.end(.forwardPreHook, hook.id, isLast: hook.id == hooks.last?.id)
        }
    }

    private final func runForwardHooks(
        on result: inout Tensor,
        _ given: Arguments,
        _ progress: inout CallProgress,
        _ context: CallContext?
    ) throws {
        let hooks = HookSources.forward(of: self, in: context)
        guard !hooks.isEmpty else { return }
        let inputs = progress.inputs ?? given.positional
        do {
            for hook in hooks {
                if hook.body.isAlwaysCalled { progress.calledAlways.insert(hook.id) }
                let watch = HookWatch(\.forward, of: self, in: context)
                let isLost = hook.body.takesKeywords && lostKeywords(hook.id, progress, context)
                if let replacement = try hook.body(self, inputs, isLost ? nil : progress.keywords, result) {
                    guard context?.compatibility != .torch1_0_1 else { throw ModuleError.forwardHookReturned(hook.id) }
                    result = replacement
                }
                try watch?.end(.forwardHook, hook.id, isLast: hook.id == hooks.last?.id)
            }
        } catch {
            progress.output = result
            throw error
        }
    }
}

/// The way of an error.
extension Module {
    /// Runs what insists on being called and had no turn yet, with what there is.
    ///
    /// The global hooks get no keyword arguments here, whatever they were registered for, as in PyTorch.
    private final func runAlwaysCalledHooks(_ given: Arguments, _ progress: CallProgress, _ context: CallContext?) {
        let inputs = progress.inputs ?? given.positional
        var output = progress.output
        for hook in HookSources.globalForward(in: context) where progress.awaits(hook) {
            let replacement = runAfterError(hook, Arguments(inputs), output, context, isGlobal: true)
            output = replacement ?? output
        }
        for hook in HookSources.ownForward(of: self, in: context) where progress.awaits(hook) {
            let arguments = Arguments(inputs, progress.keywords)
            let replacement = runAfterError(hook, arguments, output, context, isGlobal: false)
            output = replacement ?? output
        }
    }

    /// Returns what the hook returns; its error is only a warning.
    private final func runAfterError(
        _ hook: Hook<ForwardBody>,
        _ arguments: Arguments,
        _ output: Tensor?,
        _ context: CallContext?,
        isGlobal: Bool
    ) -> Tensor? {
        do {
            let start = ContinuousClock.now
            let replacement = try hook.body.callAfterError(self, arguments, output)
            context?.tracer?.recordHook(.forwardHook, hook.id, since: start)
            return replacement
        } catch {
            let compatibility = context?.compatibility ?? .current
            Warnings.emit(.silencedHookError(error, isGlobal: isGlobal, compatibility: compatibility))
            return nil
        }
    }

    /// Whether a hook was removed earlier in this call: it runs once more, but without keyword arguments, as in PyTorch.
    private final func lostKeywords(_ hook: HookID, _ progress: CallProgress, _ context: CallContext?) -> Bool {
        guard progress.keywords != nil, case .registered = hook else { return false }
        return !ownHooks.contains(hook) && !GlobalHooks.tables.contains(hook)
            && context?.globalHooks?.hooks.contains(hook) != true
    }
}

/// How far a call with hooks has come.
private struct CallProgress {
    /// The positional inputs once a hook may have changed them; before that, those given.
    var inputs: [Tensor]?
    var keywords: Arguments.Keywords?
    /// What there is when a hook after `forward` fails.
    var output: Tensor?
    var calledAlways: Set<HookID> = []

    init(keywords: Arguments.Keywords?) {
        self.keywords = keywords
    }

    /// Whether `hook` insists on being called and had no turn yet.
    func awaits(_ hook: Hook<ForwardBody>) -> Bool {
        hook.body.isAlwaysCalled && !calledAlways.contains(hook.id)
    }
}
