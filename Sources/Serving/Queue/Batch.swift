import Metrics
import NN
import Tensors

/// Calls of one module that are computed together, or one that is alone.
struct Batch {
    private let calls: [WaitingCall]
    private let metrics: ServingMetrics

    init(_ calls: [WaitingCall], metrics: ServingMetrics) {
        self.calls = calls
        self.metrics = metrics
    }

    /// Computes the calls whose clients still wait, and tells them.
    func compute() {
        let calls = calls.filter { $0.begin() }
        if calls.count > 1, finish(calls) { return }
        for call in calls {
            call.finish(Result { try Self.computeAlone(call.call, since: call.arrival, metrics: metrics) })
        }
    }

    /// Computes one call, which may have waited since `arrival`, from `start`, which is now, and counts it.
    static func computeAlone(
        _ call: PreparedCall,
        since arrival: ContinuousClock.Instant? = nil,
        from start: ContinuousClock.Instant = .now,
        metrics: ServingMetrics
    ) throws -> ComputeQueue.Done {
        let outcome = try call.compute()
        let compute = start.duration(to: .now)
        let queue = arrival.map { $0.duration(to: start) } ?? .zero
        let rows = WaitingCall.rows(of: call)
        let (queued, computed) = (queue.wholeNanoseconds, compute.wholeNanoseconds)
        call.moduleVersion.callStatistics.recordSuccess(
            rows: CollectionOfOne(rows),
            queued: CollectionOfOne(queued),
            compute: computed
        )
        metrics.batchRows.observe(Double(rows))
        metrics.queueTime.observe(nanoseconds: queued)
        metrics.computeTime.observe(nanoseconds: computed)
        return ComputeQueue.Done(
            outcome: outcome,
            timing: CallTiming(queue: queue, compute: compute),
            rows: rows,
            joined: 1
        )
    }

    /// Computes `calls` as one; returns `false` and tells nobody when that does not work out.
    ///
    /// Then each is computed alone, and gets the error that it gets alone.
    private func finish(_ calls: [WaitingCall]) -> Bool {
        let start = ContinuousClock.now
        let rows = calls.map(\.rows)
        let total = rows.reduce(0, +)
        guard let first = calls.first, let inputs = try? Self.joined(calls) else { return false }
        let prepared = ContinuousClock.now
        guard let output = try? first.call.output(for: inputs),
            output.tensors.allSatisfy({ $0.shape.first == total })
        else { return false }
        let computed = ContinuousClock.now
        guard let parts = try? Self.split(output, rows: rows, of: first) else { return false }
        let compute = prepared.duration(to: computed)
        let timings = calls.map { CallTiming(queue: $0.arrival.duration(to: start), compute: compute) }
        first.call.moduleVersion.callStatistics.recordSuccess(
            rows: rows,
            queued: timings.map(\.queue.wholeNanoseconds),
            input: start.duration(to: prepared).wholeNanoseconds,
            compute: compute.wholeNanoseconds,
            output: computed.duration(to: .now).wholeNanoseconds
        )
        count(rows: total, timings)
        metrics.joinedCalls.increment(by: calls.count)
        for (call, (part, timing)) in zip(calls, zip(parts, timings)) {
            let outcome = PreparedCall.Outcome(outputs: part)
            call.finish(
                .success(ComputeQueue.Done(outcome: outcome, timing: timing, rows: total, joined: calls.count))
            )
        }
        return true
    }

    /// Returns each input with the rows of all calls, one call after the other.
    private static func joined(_ calls: [WaitingCall]) throws -> [Tensor] {
        try Autograd.withoutGradients {
            let given = try calls.map { call in
                try (call.call.inOrder ?? []).map { input in
                    call.joinKey?.isOneRow == true ? try input.reshaped(to: [1] + Array(input.shape)) : input
                }
            }
            return try (given.first ?? []).indices.map { place in try Tensor.concatenated(given.map { $0[place] }) }
        }
    }

    /// Returns the part of each tensor of `output` that each call gets.
    private static func split(_ output: Value, rows: [Int], of first: WaitingCall) throws -> [CallOutputs] {
        let dropsAxis = first.joinKey?.isOneRow == true
        var end = 0
        return try rows.map { count in
            let start = end
            end += count
            let part = try output.mapTensors { tensor in
                let part = try tensor.rows(start..<end)
                return dropsAxis ? try part.reshaped(to: Array(part.shape.dropFirst())) : part
            }
            return try CallOutputs(part, of: first.call.moduleVersion.root)
        }
    }

    private func count(rows: Int, _ timings: [CallTiming]) {
        metrics.batchRows.observe(Double(rows))
        for timing in timings { metrics.queueTime.observe(timing.queue) }
        if let first = timings.first { metrics.computeTime.observe(first.compute) }
    }
}
