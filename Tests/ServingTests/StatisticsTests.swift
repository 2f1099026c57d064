import Metrics
import OrderedCollections
import Tensors
import Testing

@testable import Models
@testable import Serving

struct StatisticsTests {
    @Test func countsWhatCallsDid() async throws {
        let metrics = MetricsRegistry()
        let registry = Registry(metrics: ServingMetrics(in: metrics))
        registry.addGauges(to: metrics)
        let moduleVersion = try await registry.add("fc", .linear(2, 2))
        _ = try await registry.call(moduleVersion, CallRequest(inputs: [try Tensor.zeros([5, 2])]))
        _ = try await registry.call("fc", [1, 1], hooks: [HookDescription(kind: .forward, action: .statistics)])
        _ = try? await registry.call("fc", [1])
        moduleVersion.recordCodec(input: .milliseconds(2), output: .milliseconds(3), batchSize: 5)
        let numbers = moduleVersion.statistics
        #expect(numbers.inferenceCount == 6)
        #expect(numbers.executionCount == 2)
        #expect(numbers.success.count == 2)
        #expect(numbers.failure.count == 1)
        #expect(numbers.input == CallStatistics.Tally(count: 2, nanoseconds: 2_000_000))
        #expect(numbers.output == CallStatistics.Tally(count: 2, nanoseconds: 3_000_000))
        #expect(numbers.batches.keys.sorted() == [1, 5])
        #expect(numbers.lastInferenceMilliseconds > 1_600_000_000_000)
        let text = String(decoding: metrics.expose(), as: UTF8.self)
        for line in [
            "callpath_module_calls_total{outcome=\"ok\"} 2", "callpath_module_calls_total{outcome=\"error\"} 1",
            "callpath_hook_calls_total 1", "callpath_modules 1", "callpath_registry_bytes 3112",
            "callpath_queue_calls 0",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    /// The first axis of an input is no batch where no layer says what the others are.
    @Test func aCallWithoutABatchAxisIsOne() async throws {
        let registry = Registry()
        let moduleVersion = try await registry.add("identity", .layer("Identity"))
        for rows in [4, 7] {
            _ = try await registry.call(moduleVersion, CallRequest(inputs: [try Tensor.zeros([rows, 2])]))
            moduleVersion.recordCodec(input: .milliseconds(2), output: .milliseconds(3), batchSize: rows)
        }
        let numbers = moduleVersion.statistics
        #expect(numbers.inferenceCount == 2)
        #expect(numbers.executionCount == 2)
        #expect(numbers.batches.keys.sorted() == [1])
        #expect(numbers.batches[1]?.compute.count == 2)
        #expect(numbers.batches[1]?.input == CallStatistics.Tally(count: 2, nanoseconds: 4_000_000))
    }

    @Test func tellsOnlySoManyBatchSizesApart() {
        let statistics = CallStatistics()
        for rows in 1...1_000 {
            statistics.recordSuccess(rows: [rows], queued: [0], compute: 0)
        }
        let batches = statistics.snapshot.batches
        #expect(batches.count <= 75)
        #expect(batches.values.reduce(0) { $0 + $1.compute.count } == 1_000)
    }

    @Test(
        arguments: [
            ([[1, 2, 3], [4]], 2.5, 1.25),
            ([[], [5]], 5, 0),
            ([[1_000_000_001], [1_000_000_003], [1_000_000_002]], 1_000_000_002, 2.0 / 3),
        ] as [([[Double]], Double, Double)]
    )
    func mergesSummaries(parts: [[Double]], mean: Double, variance: Double) throws {
        var summary = TensorSummary()
        for part in parts { summary.merge(TensorSummary(of: try Tensor(part))) }
        #expect(summary.mean == mean)
        #expect(abs((summary.variance ?? 0) - variance) < 1e-9)
        #expect(TensorSummary().mean == nil)
    }

    @Test(
        arguments: [
            (.linear(4, 3), [-1, 4], DType.float32, [-1, 3], true),
            (.sequential(.linear(64, 32), .layer("ReLU"), .linear(32, 10)), [-1, 64], .float32, [-1, 10], true),
            (.sequential(.layer("ReLU"), .linear(8, 2, dtype: .float64)), [-1, 8], .float64, [-1, 2], true),
            (
                .layer("Embedding", ["num_embeddings": .int(9), "embedding_dim": .int(3)]), [-1, -1], .int64,
                [-1, -1, 3], true
            ),
            (.layer("Identity"), [-1], nil, [-1], false),
            (.sequential(.layer("Flatten"), .linear(8, 2)), [-1], .float32, [-1], false),
        ] as [(NodeDescription, [Int], DType?, [Int], Bool)]
    )
    func knowsWhatAModuleTakesAndGives(
        node: NodeDescription,
        input: [Int],
        dtype: DType?,
        output: [Int],
        hasBatchAxis: Bool
    ) async throws {
        let made = try await Registry().add("m", node)
        #expect(made.inputs == [TensorSignature(name: "input", dtype: dtype, shape: input)])
        #expect(made.outputs.map(\.shape) == [output])
        #expect(made.hasBatchAxis == hasBatchAxis)
    }
}
