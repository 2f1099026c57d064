import Models
import NN
import OrderedCollections
import Synchronization
import Tensors

/// A call with everything that it needs, ready to be computed on any thread.
///
/// A class, since it is handed on often and holds a dozen references.
final class PreparedCall: Sendable {
    /// How far the call goes.
    enum Mode: Sendable {
        case forward(recordsGradients: Bool)
        case backward(gradOutputs: GradOutputs)

        /// The gradients that the client sent along.
        var gradOutputs: [Tensor] {
            switch self {
            case .forward, .backward(.only(nil)): []
            case .backward(.only(let gradient?)): [gradient]
            case .backward(.named(let gradients)): gradients.values.map(\.self)
            }
        }
    }

    /// The gradients to start from on the way back.
    enum GradOutputs: Sendable {
        /// Of the only output; `nil` when it has one element.
        case only(Tensor?)
        case named(OrderedDictionary<String, Tensor>)
    }

    let moduleVersion: ModuleVersion
    let inputs: [Tensor]
    /// The inputs that were given by name.
    let named: OrderedDictionary<String, Value>
    let mode: Mode
    /// What the call draws from; `nil` draws anew.
    let seed: UInt64?
    let hooks: CallHooks
    /// The global hooks, if there are any.
    let globalHooks: HookSnapshot?
    /// What hooks ask about the call that they see; `nil` for a call that none can see.
    let scope: CallScope?
    let tracer: Tracer?
    /// The most bytes that one tensor of the call may take.
    let maxTensorBytes: Int
    /// The most bytes of its values that live at once, and the most work.
    private let maxCall: (bytes: Int, work: Int)

    /// Prepares the call of `moduleVersion` that `request` asks for, with `hooks` made from its descriptions.
    init(
        of moduleVersion: ModuleVersion,
        _ request: borrowing CallRequest,
        mode: Mode,
        hooks: CallHooks,
        tracer: Tracer?,
        globalHooks: HookSnapshot,
        limits: ServingLimits,
        heardBy listener: any HookListener
    ) {
        self.moduleVersion = moduleVersion
        self.mode = mode
        self.hooks = hooks
        self.tracer = tracer
        seed = request.seed
        (inputs, named) = Self.arguments(of: request, for: moduleVersion.root.forwardParameters)
        maxCall = (limits.maxCallBytes, limits.maxCallWork)
        self.globalHooks = globalHooks.isEmpty ? nil : globalHooks
        maxTensorBytes = limits.maxTensorBytes
        let isWatched = !hooks.isEmpty || !globalHooks.isEmpty || moduleVersion.profile.needsScope
        scope = isWatched ? CallScope(of: moduleVersion, request, heardBy: listener) : nil
    }

    /// Returns the inputs; the only one that a module takes by its name is as one by position.
    private static func arguments(
        of request: borrowing CallRequest,
        for parameters: [CallParameter]?
    ) -> ([Tensor], OrderedDictionary<String, Value>) {
        guard request.inputs.isEmpty, request.named.count == 1, parameters?.count == 1,
            let name = parameters?.first?.name, case .tensor(let tensor)? = request.named[name]
        else { return (request.inputs, request.named) }
        return ([tensor], [:])
    }

    /// What came out.
    struct Outcome: Sendable {
        var outputs: CallOutputs
        var gradInputs: [Tensor?] = []
        var gradients: OrderedDictionary<String, Tensor?> = [:]
    }

    /// The tensors among the inputs.
    var tensors: [Tensor] { named.isEmpty ? inputs : inputs + named.values.flatMap(\.tensors) }

    /// The inputs in the order of the parameters; `nil` when one is no tensor, or one before another is left out.
    var inOrder: [Tensor]? {
        guard !named.isEmpty else { return inputs }
        var tensors = inputs
        for parameter in moduleVersion.root.forwardParameters?.dropFirst(inputs.count) ?? [] {
            guard case .tensor(let tensor)? = named[parameter.name] else { break }
            tensors.append(tensor)
        }
        return tensors.count == inputs.count + named.count ? tensors : nil
    }

    /// Whether it is a plain call that nobody watches, so that it can share a batch.
    var isPlain: Bool {
        guard case .forward(recordsGradients: false) = mode else { return false }
        return tracer == nil && hooks.isEmpty && globalHooks == nil && seed == nil
    }

    /// Computes the call.
    /// - Throws: `TensorError.tooMuchWork` at once when the sizes tell that it takes more than a call may.
    func compute() throws -> Outcome {
        if let work = moduleVersion.cost.work(for: inputs, named), work > maxCall.work {
            throw TensorError.tooMuchWork(limit: maxCall.work)
        }
        return try inContext { try computed() }
    }

    /// Computes a plain call of the same module for other inputs.
    func output(for inputs: [Tensor]) throws -> Value {
        try inContext { try Autograd.withoutGradients { try moduleVersion.root(Arguments(inputs)) } }
    }

    private func inContext<Result>(_ body: () throws -> Result) rethrows -> Result {
        try CallMeter.limited(liveBytes: maxCall.bytes, work: maxCall.work) {
            try Tensor.withByteLimit(maxTensorBytes) {
                try context.run(body)
            }
        }
    }

    private var context: CallContext {
        let draws = moduleVersion.profile.isTraining || seed != nil
        guard scope != nil || tracer != nil || draws else { return moduleVersion.plainContext }
        return CallContext(
            tracer: tracer,
            hooks: hooks,
            globalHooks: globalHooks ?? HookSnapshot(),
            generator: draws ? seed.map { Generator(seed: $0) } ?? Generator() : nil,
            isFrozen: true,
            compatibility: moduleVersion.compatibility,
            warned: { _ in },
            observer: scope
        )
    }

    private func computed() throws -> Outcome {
        switch mode {
        case .forward(recordsGradients: true):
            Outcome(outputs: try Autograd.withGradients { try called(with: arguments) })
        case .forward(recordsGradients: false):
            Outcome(outputs: try Autograd.withoutGradients { try called(with: arguments) })
        case .backward(let gradOutputs):
            try Autograd.withGradients { try wentBackward(from: gradOutputs) }
        }
    }

    /// The arguments of the call.
    private var arguments: Arguments {
        named.isEmpty ? Arguments(inputs) : Arguments(values: inputs.map(Value.tensor), keyword: named)
    }

    private func called(with arguments: Arguments) throws -> CallOutputs {
        try CallOutputs(moduleVersion.root(arguments), of: moduleVersion.root)
    }

    private func wentBackward(from gradOutputs: GradOutputs) throws -> Outcome {
        func leaf(_ tensor: Tensor) throws -> Tensor {
            tensor.dtype.isFloatingPoint ? try tensor.requiringGrad() : tensor
        }
        let inputs = try inputs.map(leaf)
        let named = try named.mapValues { try $0.mapTensors(leaf) }
        let keyword = named.isEmpty ? nil : named
        let arguments = keyword.map { Arguments(values: inputs.map(Value.tensor), keyword: $0) } ?? Arguments(inputs)
        let outputs = try called(with: arguments)
        let parameters = moduleVersion.root.namedParameters().filter { $0.parameter.requiresGrad }
        let leaves = inputs + named.values.flatMap(\.tensors)
        let differentiable = leaves.filter(\.requiresGrad)
        let (roots, given) = try Self.roots(of: outputs, gradOutputs)
        let gradients = try Autograd.gradients(
            of: roots,
            gradOutputs: given,
            withRespectTo: differentiable + parameters.map(\.parameter.tensor),
            allowUnused: true
        )
        var rest = gradients.prefix(differentiable.count)
        let pairs = zip(parameters, gradients.dropFirst(differentiable.count)).map { ($0.name, $1?.detached()) }
        return Outcome(
            outputs: outputs,
            gradInputs: leaves.map { $0.requiresGrad ? rest.popFirst()??.detached() : nil },
            gradients: OrderedDictionary(uniqueKeysWithValues: pairs)
        )
    }

    /// Returns the outputs from which the way back begins, with their gradients.
    private static func roots(
        of outputs: CallOutputs,
        _ gradOutputs: GradOutputs
    ) throws -> (roots: [Tensor], gradients: [Tensor?]) {
        switch gradOutputs {
        case .only(let gradient):
            guard outputs.count == 1, let output = outputs.first else {
                throw TensorError.gradientCount(expected: outputs.count, got: 1)
            }
            return ([output], [gradient])
        case .named(let gradients):
            let roots = try gradients.keys.map { name in
                guard let output = outputs.tensors[name] else { throw ServingError.unknownOutput(name) }
                return output
            }
            return (roots, gradients.values.map(\.self))
        }
    }
}
