package import Models
package import NN
package import OrderedCollections
package import Tensors

/// What a call gives.
package struct CallResult: Sendable {
    /// The outputs; within their graph when gradients were recorded.
    package var outputs: CallOutputs
    /// The version that answered.
    package var version: Int
    /// The name of the operation that made the output, if gradients were recorded.
    package var gradFunction: String?
    /// What the hooks of the call captured, in the order in which it happened.
    package var captures: [Capture]
    package var timing: CallTiming
    /// The rows of the batch, with those of calls that shared it.
    package var batchSize: Int
}

/// A tensor that a hook of a call captured.
package struct Capture: Sendable {
    /// The hook's place in the request.
    package var hook: Int
    /// The path of the module, as the request has it.
    package var module: String
    /// The node of that module's graph, of a hook on a node.
    package var node: String?
    package var kind: HookKind
    /// The tensor's place among those of a value that is more than one tensor.
    package var output: Int?
    package var tensor: Tensor
}

/// What a traced call gives.
package struct TraceResult: Sendable {
    package var call: CallResult
    /// The call path, in the order in which it was taken.
    package var events: [TraceEvent]
}

/// What going backward gives.
package struct BackwardResult: Sendable {
    package var call: CallResult
    /// The gradient of each input; `nil` for one that can have none or was not used.
    package var gradInputs: [Tensor?]
    /// The names of the inputs, of a module that names them.
    package var inputNames: [String]
    /// The gradients of the parameters by name, shared ones once under their first; `nil` for unused ones.
    package var gradients: OrderedDictionary<String, Tensor?>
}
