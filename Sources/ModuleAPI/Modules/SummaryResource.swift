import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Tensors
import Web

/// `/v1/modules/{name}/parameters/{path}/summary`: a parameter or buffer at a glance, however large it is.
struct SummaryResource: Sendable {
    /// Elements of the small matrix; an answer has at most 300 KB.
    private static let mostElements = 16_384
    /// Rows, columns and bins, each.
    private static let mostParts = 256

    let api: API

    var routes: [Route] {
        [
            Route(
                .get,
                "/v1/modules/{name}/parameters/{path}/summary",
                "getParameterSummary",
                scope: .infer,
                query: ["rows", "columns", "bins", "pool"],
                statuses: [200, 304, 400, 404, 406, 412],
                endpoint: get
            )
        ]
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let form = try Self.form(Query(exchange))
        let moduleVersion = try await api.registry.module(exchange.parameter("name"))
        let key = exchange.parameter("path")
        let tensor = try moduleVersion.tensor(key).tensor
        let tag = api.tags.tag(version: moduleVersion.version, as: .json)
        if let notModified = try exchange.notModified(tag) { return notModified }
        var fields = ResponseFields.versioned(tag, as: .json)
        fields[.moduleVersion] = String(moduleVersion.version)
        let overview = await api.registry.overviews.overview(of: tensor, form)
        let document = Document(
            moduleVersion: moduleVersion,
            key: key,
            tensor: tensor,
            pool: form.pool,
            overview: overview
        )
        return Response.json(document.written(), fields: fields)
    }

    private static func form(_ query: Query) throws(Problem) -> TensorOverview.Form {
        var form = TensorOverview.Form()
        form.rows = try query.count("rows", default: form.rows, maximum: mostParts)
        form.columns = try query.count("columns", default: form.columns, maximum: mostParts)
        form.bins = try query.count("bins", default: form.bins, maximum: mostParts)
        guard form.rows * form.columns <= mostElements else {
            throw Problem(
                .malformedQuery,
                "'rows' times 'columns' is at most \(mostElements).",
                expected: .number(.int(Int64(mostElements))),
                got: .number(.int(Int64(form.rows * form.columns)))
            )
        }
        form.pool = try pool(query["pool"]) ?? form.pool
        return form
    }

    private static func pool(_ text: String?) throws(Problem) -> TensorOverview.Pool? {
        guard let text else { return nil }
        guard let pool = TensorOverview.Pool(rawValue: text) else {
            let known = TensorOverview.Pool.allCases.map(\.rawValue)
            throw Problem(
                .malformedQuery,
                "'pool' is \(known.joined(separator: " or ")).",
                expected: .array(known.map { .string($0) }),
                got: .string(text)
            )
        }
        return pool
    }

    /// What is written of a tensor.
    private struct Document {
        let moduleVersion: ModuleVersion
        let key: String
        let tensor: Tensor
        let pool: TensorOverview.Pool
        let overview: TensorOverview

        func written() -> JSONWriter {
            var writer = JSONWriter(capacity: 512 + 12 * overview.matrix.count)
            writer.beginObject()
            writer.member("name", moduleVersion.name)
            writer.member("version", moduleVersion.version)
            writer.member("parameter", key)
            writer.member("shape", Array(tensor.shape))
            writer.member("dtype", tensor.dtype.rawValue)
            writer.member("rows", overview.rows)
            writer.member("columns", overview.columns)
            writer.member("pool", pool.rawValue)
            writeMatrix(to: &writer)
            writeHistogram(to: &writer)
            writeStatistics(to: &writer)
            writer.endObject()
            return writer
        }

        private func writeMatrix(to writer: inout JSONWriter) {
            writer.key("matrix")
            writer.beginArray()
            for row in 0..<overview.rows {
                writer.beginArray()
                for number in overview.matrix[row * overview.columns..<(row + 1) * overview.columns] {
                    writer.write(number)
                }
                writer.endArray()
            }
            writer.endArray()
        }

        private func writeHistogram(to writer: inout JSONWriter) {
            writer.key("histogram")
            guard let histogram = overview.histogram else { return writer.writeNull() }
            writer.beginObject()
            writer.member("min", histogram.min)
            writer.member("max", histogram.max)
            writer.member("counts", histogram.counts)
            writer.endObject()
        }

        private func writeStatistics(to writer: inout JSONWriter) {
            let statistics = overview.statistics
            writer.key("statistics")
            writer.beginObject()
            writer.member("count", statistics.count)
            let figures = [
                ("mean", statistics.mean), ("variance", statistics.variance), ("min", statistics.min),
                ("max", statistics.max), ("norm", statistics.norm),
            ]
            for (name, figure) in figures {
                writer.key(name)
                if let figure { writer.write(figure) } else { writer.writeNull() }
            }
            writer.member("nan_count", statistics.nanCount)
            writer.member("infinity_count", statistics.infinityCount)
            writer.member("zero_count", statistics.zeroCount)
            writer.endObject()
        }
    }
}
