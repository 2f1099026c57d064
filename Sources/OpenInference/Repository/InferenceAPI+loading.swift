package import Models
import ModuleAPI
import Serving
import Web

extension InferenceAPI {
    /// Loads every model of the folder, those that refer to others after them.
    ///
    /// - Parameters:
    ///   - willLoad: Told of each model before it is read, and how many are in already.
    ///   - didRefuse: Told of each model that cannot be served, and why; what it throws ends the loading.
    package func loadModels(
        from folder: ModelFolder,
        willLoad: (_ name: String, _ loaded: Int, _ count: Int) -> Void,
        didRefuse: (_ name: String, _ reason: String) throws -> Void
    ) async throws {
        let names = try folder.names
        names.forEach(repository.beginLoading)
        var waiting = names
        defer { waiting.forEach(repository.endLoading) }
        while !waiting.isEmpty {
            let count = waiting.count
            var postponed: [(name: String, reason: String)] = []
            // Those that are postponed stay where they are, before those that were not tried yet.
            while waiting.count > postponed.count {
                let name = waiting[postponed.count]
                // On a single core this is where a signal gets its turn.
                await Task.yield()
                try Task.checkCancellation()
                willLoad(name, names.count - waiting.count, names.count)
                do {
                    try await registry.adoptModel(named: name, from: folder)
                } catch ServingError.unknownModule(let other) where waiting.contains(other) {
                    postponed.append((name, Problem(ServingError.unknownModule(other)).detail))
                    continue
                } catch {
                    try refuse(name, Problem(error).detail, didRefuse)
                }
                repository.endLoading(waiting.remove(at: postponed.count))
            }
            // Those that wait for each other wait in vain.
            guard waiting.count == count else { continue }
            return try postponed.forEach { try refuse($0.name, $0.reason, didRefuse) }
        }
    }

    private func refuse(_ name: String, _ reason: String, _ didRefuse: (String, String) throws -> Void) rethrows {
        repository.note(name, reason: reason)
        try didRefuse(name, reason)
    }
}
