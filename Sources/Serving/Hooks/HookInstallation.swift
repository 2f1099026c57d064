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
        case .forwardPre: hooks.addForwardPreHook(id: id, forwardPre)
        case .forward where program.description.alwaysCall: hooks.addAlwaysCalledForwardHook(id: id, alwaysCalled)
        case .forward: hooks.addForwardHook(id: id, forward)
        case .fullBackwardPre: hooks.addFullBackwardPreHook(id: id, backwardPre)
        case .fullBackward: hooks.addFullBackwardHook(id: id, backward)
        }
    }

    /// Puts the hook on `module` for one call.
    func add(to hooks: inout CallHooks, on module: Module) {
        guard case .call(let id) = number else { return }
        let prepend = program.description.prepend
        switch kind {
        case .forwardPre: hooks.addForwardPreHook(to: module, id: id, prepend: prepend, forwardPre)
        case .forward where program.description.alwaysCall:
            hooks.addAlwaysCalledForwardHook(to: module, id: id, prepend: prepend, alwaysCalled)
        case .forward: hooks.addForwardHook(to: module, id: id, prepend: prepend, forward)
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

    private var forwardPre: ForwardPreHook {
        { module, inputs in
            guard let first = inputs.first, let replacement = try run(on: first, of: module) else { return nil }
            return [replacement] + inputs.dropFirst()
        }
    }

    private var forward: ForwardHook {
        { module, _, output in try run(on: output, of: module) }
    }

    /// On the way of an error there may be no output; then there is nothing to act on.
    private var alwaysCalled: AlwaysCalledForwardHook {
        { module, _, output in try output.flatMap { try run(on: $0, of: module) } }
    }

    private var backwardPre: FullBackwardPreHook {
        { module, gradOutputs in try run(onFirstOf: gradOutputs, of: module) }
    }

    private var backward: BackwardHook {
        { module, gradInputs, _ in try run(onFirstOf: gradInputs, of: module) }
    }
}
