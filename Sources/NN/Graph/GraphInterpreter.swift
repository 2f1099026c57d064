import OrderedCollections
import Tensors

/// One run of a graph: the values that are still needed, each let go after its last use.
struct GraphInterpreter {
    private let module: GraphModule
    private var values: ContiguousArray<Value>
    private let tracer: Tracer?
    /// The hooks on nodes, by the node's name; `nil` without any.
    private let hooks: [String: HookList]?
    private let context: CallContext?

    init(_ module: GraphModule, _ arguments: Arguments) throws {
        self.module = module
        context = CallPath.needsAttention ? CallContext.current : nil
        tracer = context?.tracer
        hooks = module.nodeHooks(in: context)
        values = ContiguousArray(repeating: .none, count: module.program.steps.count)
        let parameters = module.program.parameters
        if case .one(let tensor) = arguments.storage, parameters.count == 1 {
            values[0] = .tensor(tensor)
        } else {
            for (place, value) in try arguments.bound(to: parameters, in: module).enumerated() { values[place] = value }
        }
    }

    /// Runs the steps in order, and returns what the output takes.
    mutating func run() throws -> Value {
        for index in module.program.steps.indices {
            do {
                if let output = try perform(index) { return output }
            } catch {
                throw located(error, at: index)
            }
        }
        return .none
    }

    /// Performs one step; gives what the graph returns if it is the output.
    @inline(__always)
    private mutating func perform(_ index: Int) throws -> Value? {
        if let tracer { tracer.beginNode(module.program.steps[index].name) }
        switch module.program.steps[index].action {
        case .placeholder: break
        case .attribute(let path): values[index] = try attribute(path, of: module.targets[index])
        case .module(let path, let positional, let named):
            values[index] = try call(module.targets[index], path, positional, named)
        case .unary(let type, let place):
            try CallMeter.read(values[place])
            if case .unary(let body) = type.body, case .tensor(let tensor) = values[place] {
                values[index] = .tensor(try body(tensor))
            } else {
                values[index] = try type([values[place]] + type.defaults(from: 1))
            }
        case .binary(let type, let first, let second):
            try CallMeter.read(values[first])
            try CallMeter.read(values[second])
            if let pair = type.pair, case .tensor(let left) = values[first], case .tensor(let right) = values[second] {
                values[index] = .tensor(try pair(left, right))
            } else {
                values[index] = try type([values[first], values[second]] + type.defaults(from: 2))
            }
        case .function(let type, let operands):
            var arguments: [Value] = []
            arguments.reserveCapacity(operands.count)
            for operand in operands {
                arguments.append(try resolve(operand))
            }
            for argument in arguments { try CallMeter.read(argument) }
            values[index] = try type(arguments)
        case .output(let operand): return try resolve(operand)
        }
        if let hooks, let list = hooks[module.program.steps[index].name] {
            values[index] = try module.run(list, on: values[index], context)
        }
        for place in module.program.steps[index].releases { values[place] = .none }
        return nil
    }

    private func resolve(_ operand: GraphProgram.Operand) throws -> Value {
        switch operand {
        case .constant(let value): value
        case .place(let place): values[place]
        case .tuple(let elements): .tuple(try elements.map(resolve))
        case .list(let elements): .list(try elements.map(resolve))
        case .dictionary(let elements): .dictionary(try elements.mapValues(resolve))
        case .slice(let start, let stop, let step): try .slice([resolve(start), resolve(stop), resolve(step)])
        }
    }

    private func call(
        _ target: GraphModule.Target,
        _ path: GraphProgram.ModulePath,
        _ positional: [GraphProgram.Operand],
        _ named: OrderedDictionary<String, GraphProgram.Operand>
    ) throws -> Value {
        guard case .module(let slot) = target, let child = slot.value?.submodule(at: path.rest ?? "") else {
            throw ModuleError.emptySlot(name: path.text)
        }
        if named.isEmpty, positional.count == 1, case .place(let place) = positional[0],
            case .tensor(let tensor) = values[place]
        {
            return try child.call(Arguments(tensor), as: path.text)
        }
        let arguments = Arguments(values: try positional.map(resolve), keyword: try named.mapValues(resolve))
        return try child.call(arguments, as: path.text)
    }

    private func attribute(_ path: GraphProgram.AttributePath, of target: GraphModule.Target) throws -> Value {
        switch target {
        case .parameter(let slot): return slot.operand.map(Value.tensor) ?? .none
        case .buffer(let slot): return slot.value.map(Value.tensor) ?? .none
        case .inside(let slot, let key):
            guard let inside = slot.value else { throw ModuleError.emptySlot(name: path.text) }
            if let parameter = inside.parameter(at: key) {
                return .tensor(Autograd.isRecording ? parameter.tensor : parameter.detached)
            }
            if let buffer = inside.buffer(at: key) { return .tensor(buffer) }
            return .none
        case .nothing, .module: return .none
        }
    }

    private func located(_ error: any Error, at index: Int) -> any Error {
        guard !(error is InChildError), !(error is CancellationError) else { return error }
        return InNodeError(node: module.program.steps[index].name, underlying: error)
    }
}
