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
