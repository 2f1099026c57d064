import OrderedCollections
import Tensors

/// One call of one module with hooks: PyTorch's `_call_impl`, step by step.
struct HookedCall {
    let module: Module
    let context: CallContext?
    private(set) var arguments: Arguments
    /// What the always called hooks get to see: nothing until `forward` is through.
    private(set) var output: Tensor?
    private var calledAlways: Set<HookID> = []

    init(of module: Module, with arguments: Arguments, in context: CallContext?) {
        self.module = module
        self.context = context
        self.arguments = arguments
    }

    /// Runs the call.
    ///
    /// An error goes past the hooks that insist on being called, and is then thrown on.
    ///
    /// Cancellation is not an error but the end of the task, as `KeyboardInterrupt` is in Python: no hook sees it.
    mutating func run() throws -> Tensor {
        do {
            return try runInOrder()
        } catch let error where !(error is CancellationError) {
            runAlwaysCalledHooks()
            throw error
        }
    }

    private mutating func runInOrder() throws -> Tensor {
        let backward = BackwardHooks(of: module, in: context)
        try runForwardPreHooks()
        let bridge = try backward.bridge(over: &arguments)
        var result = try runForward()
        output = result
        try runForwardHooks(on: &result)
        if let bridge { result = try bridge.closed(over: result) }
        backward.attachOldHooks(to: result, inputs: arguments.positional)
        return result
    }

    private func runForward() throws -> Tensor {
        guard let tracer = context?.tracer else { return try module.forward(arguments) }
        return try tracer.recordForward(of: arguments.first) { try module.forward(arguments) }
    }

    // MARK: Hooks

    private mutating func runForwardPreHooks() throws {
        let hooks = HookSources(for: module, in: context).all(\.forwardPre)
        for (index, hook) in hooks.enumerated() {
            let given = visibleArguments(to: hook)
            let tables = snapshotOfOldRules(\.forwardPre)
            let replacement = try recorded(.forwardPreHook, hook.id) { try hook.body(module, given) }
            if let replacement, !isOld { arguments = replacement }
            if index < hooks.count - 1 { try checkUnchanged(\.forwardPre, since: tables) }
        }
    }

    private mutating func runForwardHooks(on result: inout Tensor) throws {
        let hooks = HookSources(for: module, in: context).all(\.forward)
        for (index, hook) in hooks.enumerated() {
            if hook.isAlwaysCalled { calledAlways.insert(hook.id) }
            let (given, current) = (visibleArguments(to: hook), result)
            let tables = snapshotOfOldRules(\.forward)
            let replacement = try recorded(.forwardHook, hook.id) { try hook.body(module, given, current) }
            if let replacement {
                guard !isOld else { throw ModuleError.forwardHookReturned(hook.id) }
                result = replacement
                output = result
            }
            if index < hooks.count - 1 { try checkUnchanged(\.forward, since: tables) }
        }
    }

    /// The way of an error: what insists on being called and had no turn yet runs now, with what there is.
    private mutating func runAlwaysCalledHooks() {
        let sources = HookSources(for: module, in: context)
        for hook in sources.global.forward {
            runAlwaysCalled(hook, with: arguments.withoutKeywords, isGlobal: true)
        }
        for hook in sources.own.flatMap(\.forward) {
            runAlwaysCalled(hook, with: arguments, isGlobal: false)
        }
    }

    private mutating func runAlwaysCalled(_ hook: Hook<ForwardBody>, with given: Arguments, isGlobal: Bool) {
        guard hook.isAlwaysCalled, !calledAlways.contains(hook.id) else { return }
        do {
            let current = output
            let replacement = try recorded(.forwardHook, hook.id) { try hook.body(module, given, current) }
            output = replacement ?? output
        } catch {
            Warnings.emit(.silencedHookError(error, isGlobal: isGlobal, compatibility: compatibility))
        }
    }

    private func recorded<Result>(
        _ kind: TraceEvent.Kind,
        _ id: HookID,
        _ body: () throws -> Result
    ) rethrows -> Result {
        guard let tracer = context?.tracer else { return try body() }
        return try tracer.recordHook(kind, id, body)
    }

    /// A hook that was removed earlier in this call runs once more, but without keyword arguments, as in PyTorch.
    private func visibleArguments(to hook: Hook<some Sendable>) -> Arguments {
        guard hook.takesKeywords, !arguments.keyword.isEmpty else { return arguments }
        let isThere = module.ownHooks?.contains(hook.id) == true || GlobalHooks.tables.contains(hook.id)
        return isThere ? arguments : arguments.withoutKeywords
    }
}
