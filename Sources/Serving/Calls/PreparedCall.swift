import NN
import OrderedCollections
import Tensors

/// A call with everything that it needs, ready to be computed on any thread.
struct PreparedCall: Sendable {
    /// How far the call goes.
    enum Mode: Sendable {
        case forward(recordsGradients: Bool)
        case backward(gradOutput: Tensor?)
    }

    let publication: Publication
    let inputs: [Tensor]
    let mode: Mode
    let hooks: CallHooks
    let globalHooks: HookSnapshot
    let scope: CallScope
    let tracer: Tracer?
    /// The most bytes that one tensor of the call may take.
    let maxTensorBytes: Int

    /// What came out.
    struct Outcome: Sendable {
        var output: Tensor
        var gradInputs: [Tensor?] = []
        var gradients: OrderedDictionary<String, Tensor?> = [:]
    }

    /// Whether it is a plain call that nobody watches, so that it can share a product.
    var isPlain: Bool {
        guard case .forward(recordsGradients: false) = mode else { return false }
        return tracer == nil && hooks.isEmpty && globalHooks.isEmpty
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
        let context = CallContext(
            tracer: tracer,
            hooks: hooks,
            globalHooks: globalHooks,
            generator: publication.profile.isTraining ? Generator() : nil,
            isFrozen: true,
            compatibility: publication.compatibility
        )
        return try Warnings.handled(by: { _ in }) {
            try CallScope.$current.withValue(scope) {
                try Tensor.$byteLimit.withValue(maxTensorBytes) { try context.run(body) }
            }
        }
    }

    private func computed() throws -> Outcome {
        switch mode {
        case .forward(recordsGradients: true):
            Outcome(output: try Autograd.withGradients { try publication.root(Arguments(inputs)) })
        case .forward(recordsGradients: false):
            Outcome(output: try Autograd.withoutGradients { try publication.root(Arguments(inputs)) })
        case .backward(let gradOutput):
            try Autograd.withGradients { try wentBackward(from: gradOutput) }
        }
    }

    private func wentBackward(from gradOutput: Tensor?) throws -> Outcome {
        let inputs = try inputs.map { $0.dtype.isFloatingPoint ? try $0.requiringGrad() : $0 }
        let output = try publication.root(Arguments(inputs))
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
