import Glibc

/// Threads of their own for work that nobody may wait for: where processors are short, others come first.
package enum GentleThread {
    /// A tenth of what others get, so that work goes on and gives back what it holds.
    private static let niceness: Int32 = 10
    /// As deep as other threads: nested data and modules take much of it.
    private static let stackSize = 8 << 20

    /// Does `work`, and returns what it gives.
    package static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation(isolation: #isolation) { continuation in
            begin { continuation.resume(with: Result(catching: work)) }
        }
    }

    /// Begins `work`; as that of others where there is no thread for it.
    package static func begin(_ work: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Work(body: work)).toOpaque()
        guard !beginThread(context) else { return }
        Unmanaged<Work>.fromOpaque(context).release()
        Task.detached { work() }
    }

    private static func beginThread(_ context: UnsafeMutableRawPointer) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, { GentleThread.start($0) }, context)
        pthread_attr_destroy(&attributes)
        return failure == 0
    }

    /// On Linux niceness is a thread's own, and nobody without privileges gets it back: hence no thread that others use.
    private static func start(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness)
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
