import Metrics
package import OrderedCollections
import Synchronization

/// What the calls of one version have done: counts and times.
package final class CallStatistics: Sendable {
    /// How often something was done, and how long it took in all.
    package struct Tally: Sendable, Equatable {
        package var count = 0
        package var nanoseconds = 0

        mutating func add(_ nanoseconds: Int, count: Int = 1) {
            self.count += count
            self.nanoseconds += nanoseconds
        }
    }

    /// What batches of one size took.
    package struct Batch: Sendable, Equatable {
        package var input = Tally()
        package var compute = Tally()
        package var output = Tally()

        fileprivate mutating func add(_ other: Self) {
            input.add(other.input.nanoseconds, count: other.input.count)
            compute.add(other.compute.nanoseconds, count: other.compute.count)
            output.add(other.output.nanoseconds, count: other.output.count)
        }
    }

    /// The numbers of one moment.
    package struct Snapshot: Sendable, Equatable {
        /// Rows computed; a call without a batch axis is one.
        package var inferenceCount = 0
        /// Batches computed; calls that were joined share one.
        package var executionCount = 0
        /// When the last call ended, in milliseconds since 1970; 0 before the first.
        package var lastInferenceMilliseconds = 0
        /// Calls that gave an answer, from the request for them to the end.
        package var success = Tally()
        package var failure = Tally()
        /// The time in the compute queue; calls that ran at once count with none.
        package var queue = Tally()
        package var input = Tally()
        package var compute = Tally()
        package var output = Tally()
        /// By the rows of the batch, in the order in which the sizes came.
        package var batches: OrderedDictionary<Int, Batch> = [:]
    }

    private let numbers = Mutex(Snapshot())

    private let last = Atomic<Int>(0)

    /// When the last call ended, in nanoseconds since 1970; 0 before the first.
    var lastCall: Int { last.load(ordering: .relaxed) }

    /// The numbers of this moment.
    package var snapshot: Snapshot { numbers.withLock { $0 } }

    /// Counts the calls that one batch answered, each with its rows and its time in the queue; times in nanoseconds.
    func recordSuccess(
        rows: some Collection<Int>,
        queued: some Collection<Int>,
        input: Int = 0,
        compute: Int,
        output: Int = 0
    ) {
        let now = WallClock.nanoseconds
        last.store(now, ordering: .relaxed)
        let total = rows.reduce(0, +)
        numbers.withLock { numbers in
            numbers.inferenceCount += total
            numbers.executionCount += 1
            numbers.lastInferenceMilliseconds = now / 1_000_000
            for wait in queued {
                numbers.success.add(wait + input + compute + output)
                numbers.queue.add(wait)
                numbers.input.add(input)
                numbers.compute.add(compute)
                numbers.output.add(output)
            }
            numbers.changeBatch(of: total) { batch in
                batch.input.add(input)
                batch.compute.add(compute)
                batch.output.add(output)
            }
        }
    }

    /// Notes that somebody is about to call the version.
    func noteDemand() { last.store(WallClock.nanoseconds, ordering: .relaxed) }

    func recordFailure(after duration: Duration) {
        numbers.withLock { $0.failure.add(duration.wholeNanoseconds) }
    }

    /// Adds the time that the codec took for a call that is counted already.
    func recordCodec(input: Duration, output: Duration, batchSize: Int) {
        let (input, output) = (input.wholeNanoseconds, output.wholeNanoseconds)
        numbers.withLock { numbers in
            numbers.input.add(input, count: 0)
            numbers.output.add(output, count: 0)
            numbers.success.add(input + output, count: 0)
            numbers.changeBatch(of: batchSize) { batch in
                batch.input.add(input, count: 0)
                batch.output.add(output, count: 0)
            }
        }
    }
}

extension CallStatistics.Snapshot {
    /// The numbers of a module whose first axis is no batch: each call is one.
    var withoutBatches: Self {
        var numbers = self
        numbers.inferenceCount = success.count
        let all = batches.values.reduce(into: CallStatistics.Batch()) { $0.add($1) }
        numbers.batches = batches.isEmpty ? [:] : [1: all]
        return numbers
    }

    /// Sizes of batches that are told apart; beyond, the next power of two stands for them.
    private static let maximumBatchSizes = 64

    fileprivate mutating func changeBatch(of size: Int, _ body: (inout CallStatistics.Batch) -> Void) {
        if let place = batches.index(forKey: size) { return body(&batches.values[place]) }
        let isKept = batches.count < Self.maximumBatchSizes
        let key = isKept ? size : 1 << max(0, Int.bitWidth - max(1, size - 1).leadingZeroBitCount)
        body(&batches[key, default: CallStatistics.Batch()])
    }
}
