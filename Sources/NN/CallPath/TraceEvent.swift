/// One step of a traced call.
public struct TraceEvent: Sendable, Equatable {
    /// What happened.
    public enum Kind: String, Sendable {
        /// A hook before `forward` ran.
        case forwardPreHook = "forward_pre_hook"
        /// `forward` begins.
        case forwardBegin = "forward_begin"
        /// A tensor operation inside `forward` ran.
        case operation
        /// `forward` is through.
        case forwardEnd = "forward_end"
        /// A hook after `forward` ran.
        case forwardHook = "forward_hook"
    }

    /// What happened.
    public var kind: Kind
    /// The path of the module as it was reached, empty for the root.
    public var module: String
    /// The module's type.
    public var type: String
    /// Every module on the way with its name, such as `Sequential/Linear[0]`.
    public var scope: String
    /// The operation's name in ATen, such as `addmm`; `nil` for what is no operation.
    public var name: String?
    /// The node of the graph whose operation it is; `nil` outside of graphs.
    public var node: String?
    /// The shape that came out; at the beginning of `forward`, the one that goes in.
    ///
    /// Of several tensors it is the first one's; a hook has none.
    public var shape: [Int]?
    /// How long it took; zero at the beginning of `forward`.
    public var nanoseconds: Int64
    /// The hook that ran.
    public var hook: HookID?
}
