import Logging
import Synchronization

/// What new connections are encrypted with, and the files that it was made from, which may change.
final class TLSIdentity: Sendable {
    private struct State {
        var context: TLSContext
        /// What the last look found: the files, or why they could not be read.
        var seen: Result<TLSFiles, TLSError>
        /// Whether something new was seen once: a pair is not changed in one step, so it is looked at twice.
        var isUnsettled = false
    }

    private let configuration: TLSConfiguration
    private let logger: Logger
    private let state: Mutex<State>

    init(_ configuration: TLSConfiguration, logger: Logger) throws(TLSError) {
        self.configuration = configuration
        self.logger = logger
        let files = try TLSFiles(configuration)
        let context = try TLSContext(configuration, files, logger: logger)
        state = Mutex(State(context: context, seen: .success(files)))
    }

    var context: TLSContext { state.withLock { $0.context } }

    /// Reads the files again; what is in use stays if they do not serve.
    func reload() throws(TLSError) {
        let files = Result { () throws(TLSError) in try TLSFiles(configuration) }
        state.withLock {
            $0.seen = files
            $0.isUnsettled = false
        }
        try use(files)
    }

    /// Looks whether the files have changed, and uses them if they serve; returns whether it did.
    /// - Throws: Why they do not serve, once for each change, and only if they are still so at the second look.
    func reloadIfChanged() throws(TLSError) -> Bool {
        let files = Result { () throws(TLSError) in try TLSFiles(configuration) }
        let (isNew, isDue) = state.withLock { state in
            let isNew = state.seen != files
            let isDue = isNew || state.isUnsettled
            state.seen = files
            state.isUnsettled = isNew
            return (isNew, isDue)
        }
        guard isDue else { return false }
        do throws(TLSError) {
            try use(files)
        } catch {
            guard !isNew else { return false }
            throw error
        }
        state.withLock { $0.isUnsettled = false }
        return true
    }

    private func use(_ files: Result<TLSFiles, TLSError>) throws(TLSError) {
        let context = try TLSContext(configuration, files.get(), logger: logger)
        state.withLock { $0.context = context }
    }
}
