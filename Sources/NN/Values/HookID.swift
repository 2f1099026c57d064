/// What names a hook in a trace and in messages.
public enum HookID: Hashable, Sendable {
    /// A hook that was registered; the number is its handle's.
    case registered(Int)
    /// A hook for one call; the number is its place among that call's hooks.
    case call(Int)
}
