package import Serving

extension API {
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
        var waiting = names
        while !waiting.isEmpty {
            var postponed: [(name: String, reason: String)] = []
            for (index, name) in waiting.enumerated() {
                willLoad(name, names.count - waiting.count + index - postponed.count, names.count)
                do {
                    _ = try await registry.loadModel(named: name, from: folder, decoding: description)
                } catch {
                    let reason = Problem(error).detail
                    if case ServingError.unknownModule(let other) = error, waiting.contains(other) {
                        postponed.append((name, reason))
                    } else {
                        try refuse(name, reason, didRefuse)
                    }
                }
            }
            // Those that wait for each other wait in vain.
            if postponed.count == waiting.count {
                for model in postponed { try refuse(model.name, model.reason, didRefuse) }
                return
            }
            waiting = postponed.map(\.name)
        }
    }

    private func refuse(_ name: String, _ reason: String, _ didRefuse: (String, String) throws -> Void) rethrows {
        repository.note(name, reason: reason)
        try didRefuse(name, reason)
    }
}
