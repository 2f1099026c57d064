import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// A request to infer, read but not yet matched with a module.
struct InferRequest {
    var id: String?
    var parameters = InferParameters()
    var inputs: [InferInput] = []
    /// The outputs that were asked for by name; `nil` for all.
    var outputs: [RequestedOutput]?
}

/// An input tensor under the name that the client gives it.
struct InferInput {
    let name: String
    let tensor: Tensor
}

/// An output that was asked for by name.
struct RequestedOutput {
    var name: String
    /// Whether it goes as bytes; `nil` leaves that to the request.
    var isBinary: Bool?
    /// How many classes to answer with in place of the tensor.
    var classCount: Int?
}

/// The parameters of a request.
struct InferParameters {
    /// Whether outputs go as bytes that do not say themselves; `nil` if the request does not say.
    var binaryDataOutput: Bool?
    /// 0 is the module's default, 1 the highest.
    var priority = 0
    /// How long the request may wait for its turn.
    var timeout: Duration?
    /// The hooks of this one call, as in a call of the native interface.
    var hooks: JSONValue?
    /// What the call draws from.
    var seed: UInt64?
}
