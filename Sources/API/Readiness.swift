import Synchronization

/// Whether the server should be sent requests.
package final class Readiness: Sendable {
    /// The phases of a server's life.
    package enum Phase: Int, Sendable {
        case loading, ready, draining
    }

    private let state: Atomic<Int>

    package init(_ phase: Phase = .ready) {
        state = Atomic(phase.rawValue)
    }

    /// The phase of the moment.
    package var phase: Phase {
        get { Phase(rawValue: state.load(ordering: .acquiring)) ?? .draining }
        set { state.store(newValue.rawValue, ordering: .releasing) }
    }
}
