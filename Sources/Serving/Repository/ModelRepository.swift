package import Models
import Synchronization

/// What the repository knows of models beside those that serve: which are on their way, which were unloaded or failed to
/// load, and why.
package final class ModelRepository: Sendable {
    /// What is known of one model.
    package struct Standing: Sendable {
        /// How often it is being loaded at the moment.
        package var loads = 0
        /// How often it is being unloaded: calls in flight finish.
        package var unloads = 0
        /// Why it did not serve when it was last tried.
        package var reason: String?

        fileprivate var isIdle: Bool { loads == 0 && unloads == 0 }
    }

    /// The folder that models are loaded from by name.
    package let folder: ModelFolder?
    /// The most names whose reasons are remembered; beyond, the first in the alphabet go.
    static let maximumNameCount = 1_000
    private let known = Mutex<[String: Standing]>([:])

    package init(folder: ModelFolder? = nil) {
        self.folder = folder
    }

    /// What is known at the moment, by name.
    package var standings: [String: Standing] { known.withLock { $0 } }

    /// Returns whether a model is being loaded.
    package func isLoading(_ name: String) -> Bool { known.withLock { $0[name]?.loads ?? 0 > 0 } }

    /// Notes why a model does not serve.
    package func note(_ name: String, reason: String) {
        change(name) { $0.reason = reason }
    }

    /// Forgets why a model did not serve, because it does.
    package func forget(_ name: String) {
        change(name) { $0.reason = nil }
    }

    /// Notes that a model is being loaded, until as many calls of `endLoading` come.
    package func beginLoading(_ name: String) { change(name) { $0.loads += 1 } }

    package func endLoading(_ name: String) { change(name) { $0.loads -= 1 } }

    /// Runs `body`, which loads a model.
    package func loading<Result>(_ name: String, _ body: () async throws -> Result) async rethrows -> Result {
        beginLoading(name)
        defer { endLoading(name) }
        return try await body()
    }

    /// Runs `body`, which unloads a model.
    package func unloading<Result>(_ name: String, _ body: () async throws -> Result) async rethrows -> Result {
        change(name) { $0.unloads += 1 }
        defer { change(name) { $0.unloads -= 1 } }
        return try await body()
    }

    private func change(_ name: String, _ body: (inout Standing) -> Void) {
        known.withLock { known in
            body(&known[name, default: Standing()])
            if let standing = known[name], standing.isIdle, standing.reason == nil { known[name] = nil }
            guard known.count > Self.maximumNameCount else { return }
            if let first = known.filter({ $0.value.isIdle }).keys.min() { known[first] = nil }
        }
    }
}
