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

    /// Puts the hook on `module`, or on a node of its graph.
    func install(on module: Module) throws(ServingError) {
        var hooks = HookSnapshot()
        add(to: &hooks)
        let prepend = program.description.prepend
        do throws(HookProblem) {
            guard let (node, graph) = try node(of: module) else { return module.addHooks(hooks, prepend: prepend) }
            graph.addHooks(hooks, toNode: node, prepend: prepend)
        } catch {
            throw .hookRefused(error)
        }
    }

    /// Returns the node that the hook is for, and the module that has it; `nil` for a hook on the module itself.
    private func node(of module: Module) throws(HookProblem) -> (String, GraphModule)? {
        guard let node = program.description.node else { return nil }
        guard kind == .forward || kind == .fullBackward else { throw HookProblem(.notOnNodes(kind), at: ["kind"]) }
        if program.description.alwaysCall { throw HookProblem(.alwaysCallOnNode, at: ["always_call"]) }
        guard let graph = module as? GraphModule else {
            throw HookProblem(.noGraph(type: module.typeName), at: ["node"])
        }
        guard graph.hasNode(node) else { throw HookProblem(.unknownNode(node), at: ["node"]) }
        return (node, graph)
    }

    /// Puts the hook among global ones.
    func add(to hooks: inout HookSnapshot) {
        guard case .registered(let id) = number else { return }
        hooks.add(hook, id: id)
    }

    /// Puts the hook on `module` for one call.
    func add(to hooks: inout CallHooks, on module: Module) throws(HookProblem) {
        guard case .call(let id) = number else { return }
        let prepend = program.description.prepend
        if let (node, graph) = try node(of: module) {
            hooks.add(hook, toNode: node, of: graph, id: id, prepend: prepend)
        } else {
            hooks.add(hook, to: module, id: id, prepend: prepend)
        }
    }

    private var hook: ModuleHook {
        switch kind {
        case .forwardPre: .forwardPreWithKeywords(forwardPre)
        case .forward where program.description.alwaysCall: .alwaysCalledForwardWithKeywords(alwaysCalled)
        case .forward: .forwardWithKeywords(forward)
        case .fullBackwardPre: .fullBackwardPre(backwardPre)
        case .fullBackward: .fullBackward(backward)
        }
    }

    private func run(on tensor: Tensor, of module: Module, output: Int? = nil) throws -> Tensor? {
        let call = CallContext.current?.observer as? CallScope
        call?.countHook()
        let site = HookSite(
            hook: number,
            record: record,
            kind: kind,
            module: module,
            node: program.description.node,
            output: output,
            call: call
        )
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
        var (isChanged, output) = (false, 0)
        let replaced = try value.mapTensors { tensor in
            defer { output += 1 }
            guard let replacement = try run(on: tensor, of: module, output: output) else { return tensor }
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
