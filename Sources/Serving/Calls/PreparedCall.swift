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
        case backward(gradOutput: Tensor?)
    }

    let publication: Publication
    let inputs: [Tensor]
    let mode: Mode
    let hooks: CallHooks
    /// The global hooks, if there are any.
    let globalHooks: HookSnapshot?
    /// What hooks ask about the call that they see; `nil` for a call that none can see.
    let scope: CallScope?
    let tracer: Tracer?
    /// The most bytes that one tensor of the call may take.
    let maxTensorBytes: Int

    /// Prepares the call of `publication` that `request` asks for, with `hooks` made from its descriptions.
    init(
        of publication: Publication,
        _ request: borrowing CallRequest,
        mode: Mode,
        hooks: CallHooks,
        tracer: Tracer?,
        in registry: Registry
    ) {
        self.publication = publication
        self.mode = mode
        self.hooks = hooks
        self.tracer = tracer
        inputs = request.inputs
        globalHooks = registry.state.withLock { $0.globalSnapshot.isEmpty ? nil : $0.globalSnapshot }
        maxTensorBytes = registry.limits.maxTensorBytes
        // Modules with hooks are never joined.
        let isWatched = !hooks.isEmpty || globalHooks != nil || publication.profile.joining == .never
        scope = isWatched ? CallScope(of: publication, request, in: registry) : nil
    }

    /// What came out.
    struct Outcome: Sendable {
        var output: Tensor
        var gradInputs: [Tensor?] = []
        var gradients: OrderedDictionary<String, Tensor?> = [:]
    }

    /// Whether it is a plain call that nobody watches, so that it can share a product.
    var isPlain: Bool {
        guard case .forward(recordsGradients: false) = mode else { return false }
        return tracer == nil && hooks.isEmpty && globalHooks == nil
    }

    /// Computes the call.
    func compute() throws -> Outcome {
        try inContext { try computed() }
    }

    /// Computes a plain call of the same module for other inputs.
    func output(for input: Tensor) throws -> Tensor {
        try inContext { try Autograd.withoutGradients { try publication.root(input) } }
    }

    private func inContext<Result>(_ body: () throws -> Result) rethrows -> Result {
        try Tensor.withByteLimit(maxTensorBytes) {
            guard let scope else { return try context.run(body) }
            return try CallScope.$current.withValue(scope) { try context.run(body) }
        }
    }

    private var context: CallContext {
        guard scope != nil || tracer != nil || publication.profile.isTraining else { return publication.plainContext }
        return CallContext(
            tracer: tracer,
            hooks: hooks,
            globalHooks: globalHooks ?? HookSnapshot(),
            generator: publication.profile.isTraining ? Generator() : nil,
            isFrozen: true,
            compatibility: publication.compatibility,
            warned: { _ in }
        )
    }

    private func computed() throws -> Outcome {
        switch mode {
        case .forward(recordsGradients: true):
            Outcome(output: try Autograd.withGradients { try called(with: inputs) })
        case .forward(recordsGradients: false):
            Outcome(output: try Autograd.withoutGradients { try called(with: inputs) })
        case .backward(let gradOutput):
            try Autograd.withGradients { try wentBackward(from: gradOutput) }
        }
    }

    private func called(with inputs: [Tensor]) throws -> Tensor {
        try publication.root.oneTensor(of: publication.root(Arguments(inputs)))
    }

    private func wentBackward(from gradOutput: Tensor?) throws -> Outcome {
        let inputs = try inputs.map { $0.dtype.isFloatingPoint ? try $0.requiringGrad() : $0 }
        let output = try called(with: inputs)
        let parameters = publication.root.namedParameters().filter { $0.parameter.requiresGrad }
        let differentiable = inputs.filter(\.requiresGrad)
        let gradients = try Autograd.gradients(
            of: [output],
            gradOutputs: gradOutput.map { [$0] },
            withRespectTo: differentiable + parameters.map(\.parameter.tensor),
            allowUnused: true
        )
        var rest = gradients.prefix(differentiable.count)
        let pairs = zip(parameters, gradients.dropFirst(differentiable.count)).map { ($0.name, $1?.detached()) }
        return Outcome(
            output: output,
            gradInputs: inputs.map { $0.requiresGrad ? rest.popFirst()??.detached() : nil },
            gradients: OrderedDictionary(uniqueKeysWithValues: pairs)
        )
    }
}
