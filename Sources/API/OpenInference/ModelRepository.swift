package import Serving
import Synchronization

/// What the repository knows of models beyond those that serve: which were unloaded or failed to load, and why.
package final class ModelRepository: Sendable {
    /// The folder that models are loaded from by name.
    package let folder: ModelFolder?
    /// The most names that are remembered; beyond, the first in the alphabet go.
    static let maximumNameCount = 1_000
    private let reasons = Mutex<[String: String]>([:])

    package init(folder: ModelFolder? = nil) {
        self.folder = folder
    }

    /// Notes why a model does not serve.
    package func note(_ name: String, reason: String) {
        reasons.withLock { reasons in
            reasons[name] = reason
            if reasons.count > Self.maximumNameCount, let first = reasons.keys.min() { reasons[first] = nil }
        }
    }

    /// Forgets a model, because it serves.
    func forget(_ name: String) {
        reasons.withLock { $0[name] = nil }
    }

    /// Why models that do not serve do not, by name.
    var unavailable: [String: String] { reasons.withLock { $0 } }
}
