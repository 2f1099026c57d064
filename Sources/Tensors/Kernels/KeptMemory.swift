internal import CThread
import Dispatch
import Synchronization

/// Memory for tensors and for parts of operations, which is kept for a while when it is let go of: new pages cost more than
/// many an operation on them.
enum KeptMemory {
    /// How long it is kept for the next one.
    private static let patience = 2
    private static let isWatched = Atomic<Bool>(false)

    /// Returns so many bytes; `nil` if there are none.
    static func take(_ count: Int) -> UnsafeMutableRawPointer? { cthread_take_block(count) }

    /// Lets go of as many bytes as were taken.
    static func give(_ memory: UnsafeMutableRawPointer, _ count: Int) {
        if cthread_give_block(memory, count), !isWatched.load(ordering: .relaxed) { watch() }
    }

    /// Frees what nobody wanted for long enough, until nothing is left.
    private static func watch() {
        guard !isWatched.exchange(true, ordering: .acquiringAndReleasing) else { return }
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .seconds(patience)) {
            isWatched.store(false, ordering: .releasing)
            if cthread_free_blocks(Int64(patience) * 1_000) { watch() }
        }
    }

    /// Calls `body` with room for `count` floats, whose values are whatever was there before.
    ///
    /// Without memory for it the process ends, as it does where an array gets none; sizes are checked before.
    static func withFloats(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        let bytes = count * MemoryLayout<Float>.stride
        guard let memory = take(bytes) else { preconditionFailure("no memory for \(bytes) bytes") }
        defer { give(memory, bytes) }
        body(memory.bindMemory(to: Float.self, capacity: count))
    }
}
