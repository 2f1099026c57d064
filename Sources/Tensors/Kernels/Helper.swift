internal import CKernels
import Dispatch
import Synchronization

/// A thread that helps others with their products.
///
/// One caller at a time has it: who claims it offers work, computes as well, and lets it go. After work a helper stays
/// awake for some microseconds if the last offer came that soon, since waking it takes longer than many a product.
final class Helper: @unchecked Sendable {
    private enum State: UInt8, AtomicRepresentable {
        /// Nobody's.
        case free
        /// A caller's, who has offered nothing yet.
        case claimed
        /// There is work that the helper has not seen.
        case offered
        case working
        /// The caller sleeps until the work is done.
        case awaited
        case done
    }

    private let state = Atomic(State.free)
    private let isAsleep = Atomic(false)
    private let awakening = DispatchSemaphore(value: 0)
    private let completion = DispatchSemaphore(value: 0)
    // Written by the caller between `claimed` and `offered`, and by the helper between `working` and `done`.
    private var work: SharedWork?
    private var start = 0
    /// The system's number of the thread; 0 until it runs.
    private let thread = Atomic<Int32>(0)
    /// Where the caller ran when it offered work.
    private let callersProcessor = Atomic<Int32>(-1)

    /// Starts the thread, which lasts as long as the process; `nil` if the system refuses one.
    init?() {
        let helper = Unmanaged.passRetained(self)
        let failure = callpath_start_thread(
            { Unmanaged<Helper>.fromOpaque($0).takeUnretainedValue().help() },
            helper.toOpaque()
        )
        guard failure == 0 else {
            helper.release()
            return nil
        }
    }

    // MARK: The caller's side

    /// Makes the helper the caller's, who must let it go; `false` if it is another's.
    func claim() -> Bool {
        state.compareExchange(expected: .free, desired: .claimed, ordering: .acquiring).exchanged
    }

    /// Lets a claimed helper take part in `work`, first in the pieces from `start` on.
    func offer(_ work: SharedWork, from start: Int) {
        self.work = work
        self.start = start
        let processor = callpath_current_processor()
        callersProcessor.store(processor, ordering: .relaxed)
        state.store(.offered, ordering: .sequentiallyConsistent)
        guard isAsleep.exchange(false, ordering: .sequentiallyConsistent) else { return }
        keepOff(processor, thread.load(ordering: .relaxed))
        awakening.signal()
    }

    /// Keeps the helper off its caller's processor: Linux would wake it there if both processors were busy just now, though
    /// the other one is idle, and leave it there for milliseconds, so that neither gets on.
    private func keepOff(_ processor: Int32, _ thread: Int32) {
        if processor >= 0, thread > 0 { callpath_keep_off(thread, processor) }
    }

    /// Takes the offer back if the helper has not seen it, else waits until its piece is done; then it is nobody's.
    func release() {
        if state.compareExchange(expected: .offered, desired: .claimed, ordering: .acquiring).exchanged {
            work = nil
        } else if !Self.spin(upTo: Self.patience, until: { state.load(ordering: .acquiring) == .done }),
            state.compareExchange(expected: .working, desired: .awaited, ordering: .acquiringAndReleasing).exchanged
        {
            completion.wait()
        }
        state.store(.free, ordering: .releasing)
    }

    // MARK: The helper's side

    private func help() -> Never {
        thread.store(callpath_current_thread(), ordering: .relaxed)
        var staysAwake = false
        while true {
            let start = ContinuousClock.now
            waitForOffer(spinning: staysAwake)
            staysAwake = start.duration(to: .now) < Self.patience * 2
            leaveCallersProcessor()
            workOnOffer()
        }
    }

    private func leaveCallersProcessor() {
        let processor = callersProcessor.load(ordering: .relaxed)
        if processor == callpath_current_processor() { keepOff(processor, thread.load(ordering: .relaxed)) }
    }

    private func waitForOffer(spinning: Bool) {
        if spinning, Self.spin(upTo: Self.patience, until: { hasOffer }) { return }
        while !hasOffer {
            isAsleep.store(true, ordering: .sequentiallyConsistent)
            // An offer that came just before may not have seen that the helper is asleep; if it has, a signal comes.
            let isUnseen = hasOffer && isAsleep.exchange(false, ordering: .sequentiallyConsistent)
            if !isUnseen { awakening.wait() }
        }
    }

    private var hasOffer: Bool { state.load(ordering: .sequentiallyConsistent) == .offered }

    private func workOnOffer() {
        guard state.compareExchange(expected: .offered, desired: .working, ordering: .acquiring).exchanged else {
            return
        }
        takePieces()
        if state.exchange(.done, ordering: .acquiringAndReleasing) == .awaited { completion.signal() }
    }

    /// Afterwards nothing here refers to the work: the caller returns once it knows that it is done.
    @inline(never) private func takePieces() {
        work?.take(from: start)
        work = nil
    }

    // MARK: Waiting

    /// How long a thread spins before it sleeps: about as long as it takes to wake one.
    static let patience = Duration.microseconds(50)

    private static func spin(upTo patience: Duration, until isOver: () -> Bool) -> Bool {
        let end = ContinuousClock.now + patience
        repeat {
            for _ in 0..<32 {
                if isOver() { return true }
                callpath_pause()
            }
        } while ContinuousClock.now < end
        return false
    }
}
