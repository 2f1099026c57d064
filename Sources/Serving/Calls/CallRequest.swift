package import Models
package import NN
package import OrderedCollections
package import Tensors

/// What a client asks of a module.
package struct CallRequest: Sendable {
    /// The tensors; one for most modules.
    package var inputs: [Tensor]
    /// The inputs that were given by name.
    package var named: OrderedDictionary<String, Value> = [:]
    /// Whether gradients are recorded, so that the output has a `grad_fn`.
    package var recordsGradients: Bool
    /// Hooks for this call alone.
    package var hooks: [HookDescription]
    /// What the call draws from, as after `torch.manual_seed(seed)`; `nil` draws anew each time.
    package var seed: UInt64?
    /// When the call must have begun.
    package var deadline: ContinuousClock.Instant?
    /// 1 is the most urgent, larger numbers less; 0 is the default, after all others.
    package var priority: Int
    /// Where the call comes from; `nil` if it is not to be told.
    package var origin: (any CallOrigin)?

    package init(
        inputs: [Tensor],
        recordsGradients: Bool = false,
        hooks: [HookDescription] = [],
        seed: UInt64? = nil,
        deadline: ContinuousClock.Instant? = nil,
        priority: Int = 0,
        origin: (any CallOrigin)? = nil
    ) {
        self.inputs = inputs
        self.recordsGradients = recordsGradients
        self.hooks = hooks
        self.seed = seed
        self.deadline = deadline
        self.priority = priority
        self.origin = origin
    }
}

/// Whoever made a call, as log lines about it tell.
package protocol CallOrigin: AnyObject, Sendable {
    /// The identity of the request.
    var requestID: String { get }
    /// The identity of the distributed trace that the request is part of.
    var traceID: String? { get }
    /// Has `body` run once nobody may wait for the answer any more, and returns what ends that watch.
    func whenGone(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void
}

/// How long the parts of a call took.
package struct CallTiming: Sendable, Equatable {
    /// The time in the compute queue; zero for calls that ran at once.
    package var queue = Duration.zero
    /// The time of the batch, also when it was shared.
    package var compute = Duration.zero
}

extension ModuleVersion {
    /// The names under which the gradients of the inputs of a call are given; empty for a module of one input or without
    /// names.
    func gradInputNames(_ request: CallRequest) -> [String] {
        guard let parameters = root.forwardParameters, parameters.count > 1 else { return [] }
        return parameters.prefix(request.inputs.count).map(\.name)
            + request.named.flatMap { name, value in value.tensors.map { _ in name } }
    }
}
