internal import CThread

/// Memory for a part of an operation, from what the running thread keeps.
enum Workspace {
    /// Calls `body` with room for `count` floats, whose values are whatever was there before.
    ///
    /// Without memory for it the process ends, as it does where an array gets none; sizes are checked before.
    static func with(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        let bytes = count * MemoryLayout<Float>.stride
        guard let memory = cthread_take_block(bytes) else { preconditionFailure("no memory for \(bytes) bytes") }
        defer { cthread_give_block(memory, bytes) }
        body(memory.bindMemory(to: Float.self, capacity: count))
    }
}
