import JSON
import Models
import ModuleAPI
import Serving
import Web

/// The models that can be called, are on their way, or could be had: the answer to `POST /v2/repository/index`.
struct RepositoryIndex {
    enum State: String {
        case ready = "READY"
        case loading = "LOADING"
        case unloading = "UNLOADING"
        case unavailable = "UNAVAILABLE"
    }

    /// A model.
    struct Row {
        let name: String
        var version: Int?
        let state: State
        var reason = ""
    }

    /// Which part of the index, sorted by name, is asked for; all of it by default, as the protocol has it.
    struct Page {
        private(set) var limit = Int.max
        private(set) var after: String?

        /// All of it.
        init() {}

        /// Reads what a request says; that a page is full says that more may follow.
        init(limit: JSONValue?, after: JSONValue?) throws(InferenceError) {
            if let limit {
                guard let count = limit.asInt, count > 0 else {
                    throw .parameterKind("limit", expected: "a whole number from 1 on")
                }
                self.limit = count
            }
            if let after {
                guard let name = after.asString else { throw .parameterKind("after", expected: "the name of a model") }
                self.after = name
            }
        }

        fileprivate func holds(_ name: String) -> Bool { after.map { $0 < name } ?? true }
    }

    /// The models, by their names.
    let rows: [Row]

    /// Looks at what serves, at what the repository knows, and at what its folder holds.
    init(_ api: InferenceAPI, isReadyOnly: Bool, _ page: Page = Page()) {
        let standings = api.repository.standings
        // Damaged modules are passed over where only those that serve are wanted, so that a page may take several looks.
        var entries: [RegistryEntry] = []
        var next = page.after
        repeat {
            let limit = page.limit - entries.count
            let (found, last) = api.registry.entries(after: next, limit: limit)
            entries += found.filter { !isReadyOnly || $0.damage == nil }
            next = last
        } while next != nil && entries.count < page.limit
        let ready = entries.filter { $0.damage == nil }.map { Self.row($0, standings[$0.name]) }
        let damaged = entries.compactMap { entry in
            entry.damage.map { Row(name: entry.name, state: .unavailable, reason: $0) }
        }
        let names = Set(standings.keys).union((try? api.repository.folder?.names) ?? [])
        let registered = Set(entries.map(\.name))
        let others = isReadyOnly ? [] : names.filter { page.holds($0) && !registered.contains($0) }
        let all = ready + damaged + others.map { Self.row($0, standings[$0]) }
        rows = Array(all.sorted { $0.name < $1.name }.prefix(page.limit))
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
