import Models
import NN
import Tensors

/// A hook ready to be put on a module, among the global ones, or into one call.
struct HookInstallation: Sendable {
    let number: HookNumber
    let program: HookProgram
    /// What a registered hook gathers.
    var record: HookRecord?

    private var kind: HookKind { program.description.kind }

    /// Puts the hook on `module`.
    func install(on module: Module) {
        var hooks = HookSnapshot()
        add(to: &hooks)
        module.addHooks(hooks, prepend: program.description.prepend)
    }

    /// Puts the hook among global ones.
    func add(to hooks: inout HookSnapshot) {
        guard case .registered(let id) = number else { return }
        switch kind {
        case .forwardPre: hooks.addForwardPreHookWithKeywords(id: id, forwardPre)
        case .forward where program.description.alwaysCall:
            hooks.addAlwaysCalledForwardHookWithKeywords(id: id, alwaysCalled)
        case .forward: hooks.addForwardHookWithKeywords(id: id, forward)
        case .fullBackwardPre: hooks.addFullBackwardPreHook(id: id, backwardPre)
        case .fullBackward: hooks.addFullBackwardHook(id: id, backward)
        }
    }

    /// Puts the hook on `module` for one call.
    func add(to hooks: inout CallHooks, on module: Module) {
        guard case .call(let id) = number else { return }
        let prepend = program.description.prepend
        switch kind {
        case .forwardPre: hooks.addForwardPreHookWithKeywords(to: module, id: id, prepend: prepend, forwardPre)
        case .forward where program.description.alwaysCall:
            hooks.addAlwaysCalledForwardHookWithKeywords(to: module, id: id, prepend: prepend, alwaysCalled)
        case .forward:
            hooks.addForwardHookWithKeywords(to: module, id: id, prepend: prepend, forward)
        case .fullBackwardPre: hooks.addFullBackwardPreHook(to: module, id: id, prepend: prepend, backwardPre)
        case .fullBackward: hooks.addFullBackwardHook(to: module, id: id, prepend: prepend, backward)
        }
    }

    private func run(on tensor: Tensor, of module: Module) throws -> Tensor? {
        let call = CallScope.current
        call?.countHook()
        let site = HookSite(hook: number, record: record, kind: kind, module: module, call: call)
        do {
            return try program.run(on: tensor, at: site)
        } catch {
            throw site.failure(error)
        }
    }

    /// Acts on the first of `tensors`, if there is one.
    private func run(onFirstOf tensors: [Tensor?], of module: Module) throws -> [Tensor?]? {
        guard case let first?? = tensors.first, let replacement = try run(on: first, of: module) else { return nil }
        return [replacement] + tensors.dropFirst()
    }

    /// Acts on each tensor of `value`; `nil` when all stay as they are.
    private func run(on value: Value, of module: Module) throws -> Value? {
        if case .tensor(let tensor) = value { return try run(on: tensor, of: module).map(Value.tensor) }
        var isChanged = false
        let replaced = try value.mapTensors { tensor in
            guard let replacement = try run(on: tensor, of: module) else { return tensor }
            isChanged = true
            return replacement
        }
        return isChanged ? replaced : nil
    }

    /// Acts on the first positional input.
    private var forwardPre: ForwardPreHookWithKeywords {
        { module, arguments in
            guard let first = arguments.positional.first, let replacement = try run(on: first, of: module) else {
                return nil
            }
            var changed = arguments
            changed.positional[0] = replacement
            return changed
        }
    }

    private var forward: ForwardHookWithKeywords {
        { module, _, output in try run(on: output, of: module) }
    }

    /// On the way of an error there may be no output; then there is nothing to act on.
    private var alwaysCalled: AlwaysCalledForwardHookWithKeywords {
        { module, _, output in try output.flatMap { try run(on: $0, of: module) } }
    }

    private var backwardPre: FullBackwardPreHook {
        { module, gradOutputs in try run(onFirstOf: gradOutputs, of: module) }
    }

    private var backward: BackwardHook {
        { module, gradInputs, _ in try run(onFirstOf: gradInputs, of: module) }
    }
}
