import JSON
import Models
import ModuleAPI
import Serving
import Web

/// The models that can be called, are on their way, or could be had: the answer to `POST /v2/repository/index`.
struct RepositoryIndex {
    private enum State: String {
        case ready = "READY"
        case loading = "LOADING"
        case unloading = "UNLOADING"
        case unavailable = "UNAVAILABLE"
    }

    private struct Row {
        let name: String
        var version: Int?
        let state: State
        var reason = ""
    }

    private let rows: [Row]

    /// Looks at what serves, at what the repository knows, and at what its folder holds.
    init(_ api: InferenceAPI, isReadyOnly: Bool) {
        let standings = api.repository.standings
        let entries = api.registry.entries().entries
        let ready = entries.filter { $0.damage == nil }.map { Self.row($0, standings[$0.name]) }
        let damaged = entries.compactMap { entry in
            entry.damage.map { Row(name: entry.name, state: .unavailable, reason: $0) }
        }
        let names = Set(standings.keys).union((try? api.repository.folder?.names) ?? [])
        let others = isReadyOnly ? [] : names.subtracting(entries.map(\.name)).map { Self.row($0, standings[$0]) }
        rows = (ready + (isReadyOnly ? [] : damaged) + others).sorted { $0.name < $1.name }
    }

    private static func row(_ model: RegistryEntry, _ standing: ModelRepository.Standing?) -> Row {
        let isLoading = standing.map { $0.loads > 0 } ?? false
        return Row(
            name: model.name,
            version: model.version,
            state: .ready,
            reason: isLoading ? "another version is being loaded" : ""
        )
    }

    /// Returns what is true of a model that does not serve.
    private static func row(_ name: String, _ standing: ModelRepository.Standing?) -> Row {
        if let standing, standing.loads > 0 { return Row(name: name, state: .loading) }
        if let standing, standing.unloads > 0 {
            return Row(name: name, state: .unloading, reason: "calls in flight finish")
        }
        return Row(name: name, state: .unavailable, reason: standing?.reason ?? "not loaded")
    }

    /// The index as JSON.
    var content: [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for row in rows {
            writer.beginObject()
            writer.member("name", row.name)
            if let version = row.version { writer.member("version", String(version)) }
            writer.member("state", row.state.rawValue)
            writer.member("reason", row.reason)
            writer.endObject()
        }
        writer.endArray()
        return writer.finish()
    }
}
