package import Models
package import Tensors

/// What a `log` hook has to say; never the data.
package struct HookLogLine: Sendable {
    /// How much it matters.
    package var level: LogLevel
    /// The registered module that was called.
    package var name: String
    /// The path of the module in it.
    package var module: String
    /// The node of that module's graph, of a hook on a node.
    package var node: String?
    /// When the hook ran.
    package var kind: HookKind
    /// The hook.
    package var hook: HookNumber
    /// The tensor's shape.
    package var shape: [Int]
    /// The tensor's type.
    package var dtype: DType
    /// The tensor's numbers in short.
    package var summary: TensorSummary
    /// Where the call came from that the hook ran in.
    package var origin: (any CallOrigin)?
}

/// How a hook is told apart: by its id, or by its place in a request.
package enum HookNumber: Sendable, Hashable {
    case registered(Int)
    case call(Int)
}
