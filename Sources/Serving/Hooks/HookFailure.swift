/// An error out of a hook's own action: which hook, on which module, and what it was.
package struct HookFailure: Error {
    package let hook: HookNumber
    /// The path of the module from the one that was called.
    package let module: String
    /// The node of that module's graph, of a hook on a node.
    package let node: String?
    package let underlying: any Error
}
