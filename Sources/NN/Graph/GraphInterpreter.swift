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
    /// How many steps behind the one under way are done with it.
    private var ahead = 0

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
        var index = 0
        while index < module.program.steps.count {
            do {
                if let output = try perform(index) { return output }
            } catch {
                throw located(error, at: index)
            }
            index += 1 + ahead
            ahead = 0
        }
        return .none
    }

    /// Returns what `child` at `index` gives in one go with steps behind it that it takes on, and counts those as done; `nil` where
    /// each goes by itself.
    @inline(never)
    private mutating func callAhead(_ child: Module, _ input: Tensor, _ index: Int) -> Tensor? {
        guard hooks == nil else { return nil }
        let (followers, rank) = (module.program.steps[index].followers, input.rank)
        let found = child.callAhead(input) { $0 <= followers ? channelStep(index + $0, rank: rank) : nil }
        guard let (output, count) = found else { return nil }
        ahead = count - 1
        return output
    }

    /// What the step at `index` does to each number of a channel, if it is no more, and if nobody watches.
    private func channelStep(_ index: Int, rank: Int) -> ChannelStep? {
        switch module.program.steps[index].action {
        case .module(let call): module.child(call.path, module.targets[index])?.unwatchedStep(rank: rank)
        case .unary(let step): step.type.channelStep
        case .placeholder, .attribute, .function, .binary, .leading, .output: nil
        }
    }

    /// Performs one step; gives what the graph returns if it is the output.
    @inline(__always)
    private mutating func perform(_ index: Int) throws -> Value? {
        if let tracer { tracer.beginNode(module.program.steps[index].name) }
        switch module.program.steps[index].action {
        case .placeholder: break
        case .attribute(let path): values[index] = try attribute(path, of: module.targets[index])
        case .module(let step):
            let value = try call(step, index)
            values[index + ahead] = value
        case .unary(let step):
            let value = take(step.place, index)
            try CallMeter.read(value)
            if case .tensor(let tensor) = value {
                values[index] = .tensor(try step.body(tensor))
            } else {
                values[index] = try step.type([value] + step.rest)
            }
        case .binary(let step):
            let (first, second) = (take(step.first, index), values[step.second])
            try CallMeter.read(first)
            try CallMeter.read(second)
            if case .tensor(let left) = first, case .tensor(let right) = second {
                values[index] = .tensor(try step.pair(left, right))
            } else {
                values[index] = try step.type([first, second] + step.type.defaults(from: 2))
            }
        case .leading(let step):
            let first = take(step.place, index)
            try CallMeter.read(first)
            values[index] = try step.body(FunctionCall(type: step.type, values: .leading(first, step.rest)))
        case .function(let step):
            let arguments = try step.operands.map(resolve)
            for argument in arguments { try CallMeter.read(argument) }
            values[index] = try step.type(arguments)
        case .output(let operand): return try resolve(operand)
        }
        if let hooks, let list = hooks[module.program.steps[index].name] {
            values[index] = try module.run(list, on: values[index], context)
        }
        // By number: an iterator would count references to the list.
        for number in 0..<module.program.steps[index].releases.count {
            values[module.program.steps[index].releases[number]] = .none
        }
        if ahead > 0 { for place in module.program.steps[index + ahead].releases { values[place] = .none } }
        return nil
    }

    /// Returns the value at `place`, which is nowhere else when the step at `index` was the last to need it.
    @inline(__always)
    private mutating func take(_ place: Int, _ index: Int) -> Value {
        guard module.program.steps[index].takesFirst else { return values[place] }
        var value = Value.none
        swap(&value, &values[place])
        return value
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

    private mutating func call(_ step: GraphProgram.ModuleCall, _ index: Int) throws -> Value {
        guard let child = module.child(step.path, module.targets[index]) else {
            throw ModuleError.emptySlot(name: step.path.text)
        }
        if let only = step.only {
            let value = take(only, index)
            try CallMeter.read(value)
            guard case .tensor(let tensor) = value else {
                return try child.call(Arguments(values: [value]), as: step.path.text)
            }
            if module.program.steps[index].followers > 0, let output = callAhead(child, tensor, index) {
                return .tensor(output)
            }
            return try child.call(Arguments(tensor), as: step.path.text)
        }
        let (values, named) = (try step.positional.map(resolve), try step.named.mapValues(resolve))
        for value in values { try CallMeter.read(value) }
        for value in named.values { try CallMeter.read(value) }
        return try child.call(Arguments(values: values, keyword: named), as: step.path.text)
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
