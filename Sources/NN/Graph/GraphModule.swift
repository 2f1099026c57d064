import OrderedCollections
public import Tensors

/// A module whose `forward` is data: the nodes of a `Graph`, run one after the other.
///
/// Its children, parameters and buffers are those of the PyTorch class that was traced, and it prints under that class's
/// name.
public final class GraphModule: Module {
    /// What PyTorch prints for `type(module).__name__`.
    public let className: String
    /// The nodes.
    public let graph: Graph
    let program: GraphProgram
    /// What each step refers to in the module.
    let targets: [Target]
    let nodeHooks: NodeHookTables

    /// What a node refers to: slots stay what they are when a value is put into them.
    enum Target {
        case nothing
        case module(Slot<Module>)
        case parameter(Slot<Parameter>)
        case buffer(Slot<Tensor>)
        /// A parameter or buffer of a module below.
        case inside(Slot<Module>, key: String)
    }

    /// Something that the module has under a name.
    public enum Entry {
        case module(Module)
        case parameter(Parameter?)
        case buffer(Tensor?, isPersistent: Bool = true)
    }

    /// Creates a module of `entries` in their order that computes `graph`.
    /// - Throws: `GraphProblem` for a graph that cannot run; `ModuleError` when a name is impossible or taken.
    public init(_ graph: Graph, className: String = "GraphModule", entries: [(name: String, entry: Entry)] = []) throws
    {
        self.graph = graph
        self.className = className
        program = try GraphProgram(graph)
        nodeHooks = NodeHookTables()
        var slots = Slots()
        for (name, entry) in entries {
            switch entry {
            case .module(let module): slots.modules[name] = Slot(holding: module)
            case .parameter(let parameter): slots.parameters[name] = Slot(holding: parameter)
            case .buffer(let tensor, _): slots.buffers[name] = Slot(holding: tensor)
            }
        }
        targets = try slots.targets(of: program)
        super.init()
        for (name, entry) in entries {
            switch entry {
            case .module(let module): try registerChild(name, module, in: slots.modules[name] ?? Slot())
            case .parameter(let parameter): try registerParameter(name, parameter, in: slots.parameters[name] ?? Slot())
            case .buffer(let tensor, let isPersistent):
                try registerBuffer(name, tensor, isPersistent: isPersistent, in: slots.buffers[name] ?? Slot())
            }
        }
        try checkTargets()
    }

    private init(emptyCopyOf other: GraphModule) throws {
        graph = other.graph
        className = other.className
        program = other.program
        nodeHooks = NodeHookTables(other.nodeHooks.current)
        var slots = Slots()
        for name in other.childSlots.keys { slots.modules[name] = Slot() }
        for name in other.parameterSlots.keys { slots.parameters[name] = Slot() }
        for name in other.bufferSlots.keys { slots.buffers[name] = Slot() }
        targets = try slots.targets(of: other.program)
        super.init()
        for (name, slot) in slots.modules { try registerChild(name, nil, in: slot) }
        for (name, slot) in slots.parameters { try registerParameter(name, nil, in: slot) }
        for (name, slot) in slots.buffers { try registerBuffer(name, nil, in: slot) }
    }

    public override var typeName: String { className }

    public override func emptyCopy() throws -> Module { try GraphModule(emptyCopyOf: self) }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try oneTensor(of: forward(Arguments(input)))
    }

    public override func forward(_ arguments: Arguments) throws -> Value {
        var interpreter = try GraphInterpreter(self, arguments)
        return try interpreter.run()
    }

    public override var forwardParameters: [CallParameter]? { program.parameters }

    public override var inputSpecs: [TensorSpec]? { knownInputs }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        var walk = SpecWalk(self, inputs)
        return walk.run()
    }

    public override func work(for inputs: [ValueSpec], rows: Int) -> Int? {
        outputAndWork(for: inputs, rows: rows).work
    }

    override func outputAndWork(for inputs: [ValueSpec], rows: Int) -> (output: ValueSpec, work: Int?) {
        var walk = SpecWalk(self, inputs, rows: rows)
        let output = walk.run()
        return (output, walk.work)
    }

    override func removeNodeHook(_ id: Int) -> Bool { nodeHooks.remove(.registered(id)) }

    /// Returns the module that `target` and the rest of `path` lead to; `nil` if there is none.
    func child(_ path: GraphProgram.ModulePath, _ target: Target) -> Module? {
        guard case .module(let slot) = target else { return nil }
        guard let rest = path.rest else { return slot.value }
        return slot.value?.submodule(at: rest)
    }

    /// Each node is a step, and a child counts once for each node that calls it.
    override func stepCount(_ count: (Module) -> Int) -> Int {
        var sum = 1 + program.steps.count
        for (step, target) in zip(program.steps, targets) {
            guard case .module(let call) = step.action, let module = child(call.path, target) else { continue }
            let (next, overflow) = sum.addingReportingOverflow(count(module))
            sum = overflow ? .max : next
        }
        return sum
    }

    /// Refuses paths that lead to nothing, as far as the modules are there.
    private func checkTargets() throws(GraphProblem) {
        for (index, (step, target)) in zip(program.steps, targets).enumerated() {
            switch (step.action, target) {
            case (.module(let call), .module(let slot)):
                guard slot.value?.mayHave(call.path.rest ?? "") == true else {
                    throw GraphProblem(.unknownModule(call.path.text), node: index, path: ["target"])
                }
            case (.attribute(let path), .inside(let slot, let key)):
                let inside = slot.value
                guard
                    inside?.parameter(at: key) != nil || inside?.buffer(at: key) != nil
                        || inside?.mayHave(key) == true
                else { throw GraphProblem(.unknownAttribute(path.text), node: index, path: ["target"]) }
            default: break
            }
        }
    }

    /// The slots of a module, by name.
    private struct Slots {
        var modules: OrderedDictionary<String, Slot<Module>> = [:]
        var parameters: OrderedDictionary<String, Slot<Parameter>> = [:]
        var buffers: OrderedDictionary<String, Slot<Tensor>> = [:]

        func targets(of program: GraphProgram) throws(GraphProblem) -> [Target] {
            try program.steps.enumerated().map { index, step throws(GraphProblem) in
                switch step.action {
                case .placeholder, .function, .unary, .binary, .leading, .output: return .nothing
                case .module(let call):
                    guard let slot = modules[call.path.first] else {
                        throw GraphProblem(.unknownModule(call.path.text), node: index, path: ["target"])
                    }
                    return .module(slot)
                case .attribute(let path):
                    if let slot = parameters[path.text] { return .parameter(slot) }
                    if let slot = buffers[path.text] { return .buffer(slot) }
                    let module = GraphProgram.ModulePath(path.text)
                    guard let slot = modules[module.first], let key = module.rest else {
                        throw GraphProblem(.unknownAttribute(path.text), node: index, path: ["target"])
                    }
                    return .inside(slot, key: key)
                }
            }
        }
    }
}

extension Slot {
    fileprivate convenience init(holding value: Content?) {
        self.init()
        self.value = value
    }
}

extension Module {
    /// Whether there is a module at `path`, or could be once a stand-in on the way is replaced.
    fileprivate func mayHave(_ path: String) -> Bool {
        if isStandIn || path.isEmpty { return true }
        let way = GraphProgram.ModulePath(path)
        return childSlots[way.first]?.value?.mayHave(way.rest ?? "") ?? false
    }
}
