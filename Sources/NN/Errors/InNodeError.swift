public import Tensors

/// An error out of a node of a graph: which node, and what it was.
public struct InNodeError: Error, CustomStringConvertible {
    /// The node's name.
    public let node: String
    /// What went wrong.
    public let underlying: any Error

    /// PyTorch's text for what went wrong.
    public func message(_ compatibility: Compatibility = .current) -> String {
        callPathMessage(of: underlying, compatibility)
    }

    /// PyTorch's text, and where it happened.
    public var description: String { "\(message()) (in node \(node))" }
}
