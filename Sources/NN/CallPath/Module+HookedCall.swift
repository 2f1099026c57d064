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
    final func callWithHooks(_ given: Arguments, in context: CallContext?) throws -> Value {
        var progress = CallProgress(given)
        do {
            return try runInOrder(&progress, context)
        } catch let error where !(error is CancellationError) {
            runAlwaysCalledHooks(progress, context)
            throw error
        }
    }

    private final func runInOrder(_ progress: inout CallProgress, _ context: CallContext?) throws -> Value {
        guard context != nil || CallPath.needsAttention || !ownHooks.hasOnlyForward else {
            var result = try forward(progress.arguments)
            try runForwardHooks(on: &result, &progress, nil)
            return result
        }
        let backward = BackwardHooks(of: self, in: context)
        try runForwardPreHooks(&progress, context)
        let bridge = try backward?.bridge(over: &progress.arguments)
        var result = try runForward(progress.arguments, context?.tracer)
        try runForwardHooks(on: &result, &progress, context)
        if let bridge { result = bridge.closed(over: result) }
        backward?.attachOldHooks(to: result, inputs: progress.arguments)
        return result
    }

    private final func runForward(_ arguments: Arguments, _ tracer: Tracer?) throws -> Value {
        guard let tracer else { return try forward(arguments) }
        let start = tracer.beginForward(of: arguments.first)
        let result = try forward(arguments)
        tracer.endForward(with: result, since: start)
        return result
    }

    private final func runForwardPreHooks(_ progress: inout CallProgress, _ context: CallContext?) throws {
        let hooks = HookSources.forwardPre(of: self, in: context)
        for hook in hooks {
            let watch = HookWatch(\.forwardPre, of: self, in: context)
            let isOld = context?.compatibility == .torch1_0_1
            if hook.body.takesKeywords, lostKeywords(hook.id, progress, context) {
                var positional = progress.arguments.withoutKeywords
                try hook.body(self, &positional, isOld: isOld)
                progress.arguments = Arguments(positional.positional, progress.arguments.named)
            } else {
                try hook.body(self, &progress.arguments, isOld: isOld)
            }
            try watch?.end(.forwardPreHook, hook.id, isLast: hook.id == hooks.last?.id)
        }
    }

    private final func runForwardHooks(
        on result: inout Value,
        _ progress: inout CallProgress,
        _ context: CallContext?
    ) throws {
        let hooks = HookSources.forward(of: self, in: context)
        guard !hooks.isEmpty else { return }
        var inputs = HookInputs(progress.arguments)
        do {
            for hook in hooks {
                if hook.body.isAlwaysCalled { progress.calledAlways.insert(hook.id) }
                let watch = HookWatch(\.forward, of: self, in: context)
                if let replacement = try run(hook, on: result, &inputs, progress, context) {
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

    private final func run(
        _ hook: Hook<ForwardBody>,
        on result: Value,
        _ inputs: inout HookInputs,
        _ progress: CallProgress,
        _ context: CallContext?
    ) throws -> Value? {
        guard hook.body.takesKeywords, lostKeywords(hook.id, progress, context) else {
            return try hook.body(self, &inputs, result)
        }
        var positional = HookInputs(progress.arguments.withoutKeywords)
        return try hook.body(self, &positional, result)
    }
}
