import Tensors

/// The way of an error.
extension Module {
    /// Runs what insists on being called and had no turn yet, with what there is.
    ///
    /// The global hooks get no keyword arguments here, whatever they were registered for, as in PyTorch.
    final func runAlwaysCalledHooks(_ progress: CallProgress, _ context: CallContext?) {
        let arguments = progress.arguments
        var output = progress.output
        for hook in HookSources.globalForward(in: context) where progress.awaits(hook) {
            let replacement = runAfterError(hook, arguments.withoutKeywords, output, context, isGlobal: true)
            output = replacement ?? output
        }
        for hook in HookSources.ownForward(of: self, in: context) where progress.awaits(hook) {
            let replacement = runAfterError(hook, arguments, output, context, isGlobal: false)
            output = replacement ?? output
        }
    }

    /// Returns what the hook returns; its error is only a warning.
    private final func runAfterError(
        _ hook: Hook<ForwardBody>,
        _ arguments: Arguments,
        _ output: Value?,
        _ context: CallContext?,
        isGlobal: Bool
    ) -> Value? {
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
    final func lostKeywords(_ hook: HookID, _ progress: CallProgress, _ context: CallContext?) -> Bool {
        guard progress.arguments.named != nil, case .registered = hook else { return false }
        return !ownHooks.contains(hook) && !GlobalHooks.tables.contains(hook)
            && context?.globalHooks?.hooks.contains(hook) != true
    }
}
