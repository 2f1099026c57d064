import HTTP
import HTTPTypes
import JSON
import Synchronization

/// Whether the server should be sent requests.
package final class Readiness: Sendable {
    /// The phases of a server's life.
    package enum Phase: Int, Sendable {
        case loading, ready, draining
    }

    private let state: Atomic<Int>
    private let progress: @Sendable () -> String?
    private let hindrance: @Sendable () -> String?
    /// What a server that is ready has to say beside that.
    let notes: @Sendable () -> [(name: String, value: String)]

    /// Creates the readiness of a server; `progress` says how far it has come with loading, and `hindrance` why it should be
    /// sent no requests although it is up.
    package init(
        _ phase: Phase = .ready,
        progress: @escaping @Sendable () -> String? = { nil },
        hindrance: @escaping @Sendable () -> String? = { nil },
        notes: @escaping @Sendable () -> [(name: String, value: String)] = { [] }
    ) {
        state = Atomic(phase.rawValue)
        self.progress = progress
        self.hindrance = hindrance
        self.notes = notes
    }

    /// The phase of the moment.
    package var phase: Phase {
        get { Phase(rawValue: state.load(ordering: .acquiring)) ?? .draining }
        set { state.store(newValue.rawValue, ordering: .releasing) }
    }

    /// Tells that all is loaded; a server that drains already stays unready.
    package func becomeReady() {
        _ = state.compareExchange(
            expected: Phase.loading.rawValue,
            desired: Phase.ready.rawValue,
            ordering: .acquiringAndReleasing
        )
    }
}

extension Readiness {
    /// Refuses with 503 while the server loads or drains.
    package func requireReady() throws(Problem) {
        guard phase != .ready else { return }
        throw notReady
    }

    /// Refuses with 503 while something keeps the server from all of its work.
    package func requireUnhindered() throws(Problem) {
        guard let reason = hindrance() else { return }
        throw Problem(.notReady, reason, fields: [.retryAfter: "1"])
    }

    /// Refuses with 503 while the server drains; what is loaded already can be used while other models load.
    package func requireNotDraining() throws(Problem) {
        guard phase == .draining else { return }
        throw notReady
    }

    /// Whether the server should be sent requests, as `/readyz` says.
    package var isReady: Bool { phase == .ready && hindrance() == nil }

    private var notReady: Problem {
        let phase = phase
        let words = phase == .loading ? progress().map { ": \($0)" } : nil
        return Problem(
            phase == .draining ? .draining : .notReady,
            "The server is \(phase)\(words ?? "").",
            expected: "ready",
            got: .string("\(phase)"),
            fields: [.retryAfter: "1"]
        )
    }
}
