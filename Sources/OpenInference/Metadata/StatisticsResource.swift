import HTTP
import HTTPTypes
import JSON
import Models
import ModuleAPI
import Serving
import Web

/// The statistics extension: what the calls of each model took, each callable version for itself.
struct StatisticsResource: Sendable {
    let api: InferenceAPI

    var routes: [Route] {
        [
            Route(
                .get,
                "/v2/models/stats",
                "inferenceStatistics",
                scope: .infer,
                statuses: [200],
                endpoint: all
            ),
            Route(
                .get,
                "/v2/models/{name}/stats",
                "inferenceModelStatistics",
                scope: .infer,
                statuses: [200, 404],
                endpoint: one
            ),
            Route(
                .get,
                "/v2/models/{name}/versions/{version}/stats",
                "inferenceModelStatisticsVersion",
                scope: .infer,
                statuses: [200, 404],
                endpoint: one
            ),
        ]
    }

    private func all(_ exchange: Exchange) async throws -> Response {
        Self.answer(api.registry.statistics)
    }

    private func one(_ exchange: Exchange) async throws -> Response {
        Self.answer(try api.lookUp(ModelTarget(exchange)) { try api.registry.statistics(of: $0, version: $1) })
    }

    private static func answer(_ models: [VersionStatistics]) -> Response {
        OpenInferenceResource.json { writer in
            writer.key("model_stats")
            writer.beginArray()
            for model in models { write(model, to: &writer) }
            writer.endArray()
        }
    }

    private static func write(_ model: VersionStatistics, to writer: inout JSONWriter) {
        let numbers = model.calls
        writer.beginObject()
        writer.member("name", model.name)
        writer.member("version", String(model.version))
        writer.member("last_inference", numbers.lastInferenceMilliseconds)
        writer.member("inference_count", numbers.inferenceCount)
        writer.member("execution_count", numbers.executionCount)
        writeTallies(of: numbers, to: &writer)
        writeBatches(of: numbers, to: &writer)
        writer.key("memory_usage")
        writer.beginArray()
        writer.beginObject()
        writer.member("type", "CPU")
        writer.member("id", 0)
        writer.member("byte_size", model.byteCount)
        writer.endObject()
        writer.endArray()
        writer.endObject()
    }

    private static func writeTallies(of numbers: CallStatistics.Snapshot, to writer: inout JSONWriter) {
        writer.key("inference_stats")
        writer.beginObject()
        write(numbers.success, as: "success", to: &writer)
        write(numbers.failure, as: "fail", to: &writer)
        write(numbers.queue, as: "queue", to: &writer)
        write(numbers.input, as: "compute_input", to: &writer)
        write(numbers.compute, as: "compute_infer", to: &writer)
        write(numbers.output, as: "compute_output", to: &writer)
        // There is no cache of answers.
        writeZero(as: "cache_hit", to: &writer)
        writeZero(as: "cache_miss", to: &writer)
        writer.endObject()
    }

    private static func writeBatches(of numbers: CallStatistics.Snapshot, to writer: inout JSONWriter) {
        writer.key("batch_stats")
        writer.beginArray()
        for (size, batch) in numbers.batches.sorted(by: { $0.key < $1.key }) {
            writer.beginObject()
            writer.member("batch_size", size)
            write(batch.input, as: "compute_input", to: &writer)
            write(batch.compute, as: "compute_infer", to: &writer)
            write(batch.output, as: "compute_output", to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ tally: CallStatistics.Tally, as name: String, to writer: inout JSONWriter) {
        write(count: tally.count, nanoseconds: tally.nanoseconds, as: name, to: &writer)
    }

    private static func writeZero(as name: String, to writer: inout JSONWriter) {
        write(count: 0, nanoseconds: 0, as: name, to: &writer)
    }

    private static func write(count: Int, nanoseconds: Int, as name: String, to writer: inout JSONWriter) {
        writer.key(name)
        writer.beginObject()
        writer.member("count", count)
        writer.member("ns", nanoseconds)
        writer.endObject()
    }
}
