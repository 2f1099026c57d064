import HashTreeCollections
import Synchronization

/// What the calls of a version have done so far, and what it takes.
package struct VersionStatistics: Sendable {
    package let name: String
    package let version: Int
    package let calls: CallStatistics.Snapshot
    /// The bytes of its tensors in memory; none if it is cold.
    package let byteCount: Int

    init(of version: HeldVersion) {
        (name, self.version) = (version.name, version.version)
        switch version {
        case .loaded(let moduleVersion): (calls, byteCount) = (moduleVersion.statistics, moduleVersion.byteCount)
        case .cold(let cold): (calls, byteCount) = (cold.statistics, 0)
        }
    }
}

extension Registry {
    /// Returns the statistics of the callable versions of a module, ascending, or of one of them.
    package func statistics(of name: String, version: Int? = nil) throws(ServingError) -> [VersionStatistics] {
        guard let version else { return try entry(name).versions.map { VersionStatistics(of: $0) } }
        return [VersionStatistics(of: try held(name, version: version))]
    }

    /// Returns the statistics of all callable versions of all modules, by name.
    package var statistics: [VersionStatistics] {
        let state = state.withLock { $0 }
        return state.list.entries().flatMap { state.entries[$0.name]?.versions.map { VersionStatistics(of: $0) } ?? [] }
    }
}
