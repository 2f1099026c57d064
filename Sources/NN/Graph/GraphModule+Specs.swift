import OrderedCollections
import Tensors

/// What is known of a graph's calls before they are made: torch.fx's ShapeProp, on a batch of any size.
extension GraphModule {
    /// What each input is by what the step says that takes it first and says anything.
    var knownInputs: [TensorSpec] {
        program.parameters.indices.map { place in
            for (step, target) in zip(program.steps, targets) {
                if let spec = spec(of: place, in: step.action, target) { return spec }
            }
            return TensorSpec(shape: nil, rows: .axis(0))
        }
    }

    /// Returns what a step says of the value at `place`; `nil` if it does not take it, or says nothing.
    private func spec(of place: Int, in action: GraphProgram.Action, _ target: Target) -> TensorSpec? {
        if case .module(let call) = action {
            guard let index = call.positional.firstIndex(where: { $0.place == place }),
                let specs = child(call.path, target)?.inputSpecs, index < specs.count
            else { return nil }
            return specs[index]
        }
        return action.takesIndices(at: place) ? TensorSpec(shape: nil, dtype: .int64, rows: .axis(0)) : nil
    }
}

extension GraphProgram.Action {
    /// Whether a function takes the value at `place` for indices.
    fileprivate func takesIndices(at place: Int) -> Bool {
        let (type, places): (FunctionType, [Int?])
        switch self {
        case .function(let step): (type, places) = (step.type, step.operands.map(\.place))
        case .unary(let step): (type, places) = (step.type, [step.place])
        case .leading(let step): (type, places) = (step.type, [step.place])
        case .binary(let step): (type, places) = (step.type, [step.first, step.second])
        case .placeholder, .attribute, .module, .output: return false
        }
        return places.indices.contains { type.indices.contains($0) && places[$0] == place }
    }
}

/// One walk through a graph with what is known of its values.
struct SpecWalk {
    private let module: GraphModule
    private var values: [ValueSpec]
    private let rows: Int?
    /// The multiply-adds so far; `nil` once one step's cannot be told.
    private(set) var work: Int? = 0

    init(_ module: GraphModule, _ inputs: [ValueSpec], rows: Int? = nil) {
        self.module = module
        self.rows = rows
        values = []
        values.reserveCapacity(module.program.steps.count)
        for (place, parameter) in module.program.parameters.enumerated() {
            values.append(
                inputs.indices.contains(place)
                    ? inputs[place] : parameter.defaultValue.map(ValueSpec.constant) ?? .unknown
            )
        }
    }

    mutating func run() -> ValueSpec {
        for (index, step) in module.program.steps.enumerated().dropFirst(module.program.parameters.count) {
            switch step.action {
            case .placeholder: break
            case .attribute: values.append(attribute(module.targets[index]))
            case .module(let step): values.append(call(step, module.targets[index]))
            case .unary(let step):
                values.append(call(step.type, [values[step.place]] + step.rest.map(ValueSpec.constant)))
            case .binary(let step):
                let rest = step.type.defaults(from: 2).map(ValueSpec.constant)
                values.append(call(step.type, [values[step.first], values[step.second]] + rest))
            case .leading(let step):
                let rest = step.rest.values.dropFirst().map(ValueSpec.constant)
                values.append(call(step.type, [values[step.place]] + rest))
            case .function(let step): values.append(call(step.type, step.operands.map(spec)))
            case .output(let operand): return spec(of: operand)
            }
        }
        return .unknown
    }

    private func spec(of operand: GraphProgram.Operand) -> ValueSpec {
        switch operand {
        case .constant(let value): .constant(value)
        case .place(let place): values[place]
        case .tuple(let elements): .tuple(elements.map(spec))
        case .list(let elements): .list(elements.map(spec))
        case .dictionary(let elements): .dictionary(elements.map { ($0.key, spec(of: $0.value)) })
        case .slice(let start, let stop, let step):
            .slice(start: bound(start), stop: bound(stop), step: bound(step))
        }
    }

    private func bound(_ operand: GraphProgram.Operand) -> Extent? {
        if case .constant(.none) = operand { nil } else { spec(of: operand).extent ?? .unknown }
    }

    private mutating func call(_ type: FunctionType, _ inputs: [ValueSpec]) -> ValueSpec {
        guard !type.isRandom else {
            work = nil
            return .unknown
        }
        let call = SpecCall(values: inputs)
        var output = type.spec.rule(call)
        if !type.spec.readsSizes, inputs.contains(where: \.growsWithBatch) { output = output.mixed }
        guard let rows else { return output }
        // What a function reads counts as what it makes does: a largest element is one, found among many.
        for (place, input) in inputs.enumerated() {
            add(input.work(rows: rows, perElement: place == 0 ? type.costPerElement : 0))
        }
        add(output.work(rows: rows, perElement: type.spec.workPerElement(call)))
        return output
    }

    private mutating func call(_ step: GraphProgram.ModuleCall, _ target: GraphModule.Target) -> ValueSpec {
        guard let child = module.child(step.path, target),
            let inputs = inputs(of: child, step.positional.map(spec), step.named.mapValues(spec))
        else {
            work = nil
            return .unknown
        }
        guard let rows else { return child.outputSpec(for: inputs) }
        let (output, work) = child.outputAndWork(for: inputs, rows: rows)
        add(work)
        return output
    }

    /// Returns the arguments of a module in order; `nil` if it does not say where those belong that are given by name.
    private func inputs(
        of child: Module,
        _ positional: [ValueSpec],
        _ named: OrderedDictionary<String, ValueSpec>
    ) -> [ValueSpec]? {
        guard !named.isEmpty else { return positional }
        guard let parameters = child.boundParameters else { return nil }
        let bound = try? parameters.bind(positional, named)
        return bound.map { zip(parameters, $0).map { $1 ?? $0.defaultValue.map(ValueSpec.constant) ?? .unknown } }
    }

    private func attribute(_ target: GraphModule.Target) -> ValueSpec {
        switch target {
        case .parameter(let slot): slot.value.map { .tensor(TensorSpec(of: $0.tensor)) } ?? .constant(.none)
        case .buffer(let slot): slot.value.map { .tensor(TensorSpec(of: $0)) } ?? .constant(.none)
        case .inside(let slot, let key):
            (slot.value?.parameter(at: key)?.tensor ?? slot.value?.buffer(at: key)).map { .tensor(TensorSpec(of: $0)) }
                ?? .unknown
        case .nothing, .module: .unknown
        }
    }

    private mutating func add(_ more: Int?) {
        guard let sum = work, let more else { return work = nil }
        let (total, overflow) = sum.addingReportingOverflow(more)
        work = overflow ? .max : total
    }
}

extension ValueSpec {
    /// Whether a number is in it that is not the same in every batch.
    fileprivate var growsWithBatch: Bool {
        switch self {
        case .size(let extent): extent.number == nil
        case .slice(let start, let stop, let step):
            [start, stop, step].contains { $0.map { $0.number == nil } ?? false }
        case .tuple(let elements), .list(let elements): elements.contains(where: \.growsWithBatch)
        case .dictionary(let elements): elements.contains(where: \.value.growsWithBatch)
        case .tensor, .constant, .unknown: false
        }
    }

    /// The same with the rows of its tensors meeting.
    fileprivate var mixed: ValueSpec {
        switch self {
        case .tensor(let spec): .tensor(spec.with(rows: .mixed))
        case .tuple(let elements): .tuple(elements.map(\.mixed))
        case .list(let elements): .list(elements.map(\.mixed))
        case .dictionary(let elements): .dictionary(elements.map { ($0.key, $0.value.mixed) })
        case .size, .constant, .slice, .unknown: self
        }
    }
}

extension GraphProgram.Operand {
    /// The place, if it is what another step gave.
    fileprivate var place: Int? {
        if case .place(let place) = self { place } else { nil }
    }
}
