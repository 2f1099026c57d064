/// What PyTorch calls a node of the graph.
public struct NodeName: Sendable, Hashable {
    /// The name in PyTorch 2.13.
    public let current: String
    /// The name in PyTorch 1.0.1.
    public let torch1_0_1: String

    /// Creates the name of a node; where 1.0.1 has no number after `Backward`, pass `old`.
    public init(_ current: String, old: String? = nil) {
        self.current = current
        torch1_0_1 = old ?? current
    }

    /// Returns the name in the given PyTorch.
    public func text(_ compatibility: Compatibility) -> String {
        compatibility == .torch1_0_1 ? torch1_0_1 : current
    }
}

extension NodeName {
    static let accumulateGrad = NodeName("AccumulateGrad")
    static let add = NodeName("AddBackward0")
    static let addmm = NodeName("AddmmBackward0", old: "AddmmBackward")
    static let mm = NodeName("MmBackward0", old: "MmBackward")
    static let mv = NodeName("MvBackward0", old: "MvBackward")
    static let dot = NodeName("DotBackward0", old: "DotBackward")
    static let bmm = NodeName("BmmBackward0", old: "BmmBackward")
    static let view = NodeName("ViewBackward0", old: "ViewBackward")
    static let unsafeView = NodeName("UnsafeViewBackward0", old: "UnsafeViewBackward")
    static let squeeze = NodeName("SqueezeBackward4", old: "SqueezeBackward3")
    static let expand = NodeName("ExpandBackward0", old: "ExpandBackward")
}
