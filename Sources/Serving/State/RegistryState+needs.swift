import HashTreeCollections
import Models
import OrderedCollections

/// Which modules a change needs in memory.
extension RegistryState {
    /// Returns the cold modules without which `change` cannot be made; none where it is refused anyway.
    ///
    /// What it needs may show only when these are loaded.
    func cold(neededBy change: RegistryChange, when precondition: Precondition) -> [ColdVersion] {
        guard coldCount > 0 else { return [] }
        switch change {
        case .put(let name, let built, _):
            guard isMet(precondition, name) else { return [] }
            let references = cold(among: built.plan.root.references)
            guard references.isEmpty else { return references }
            return cold(changing: owners(of: built.stateDict?.keys, in: built.plan.root))
        case .setTensor(let key, let name, _): return cold(toChange: [key], of: name, precondition)
        case .loadStateDict(let entries, let name, _):
            return cold(toChange: entries.keys.elements, of: name, precondition)
        case .addHook(let description, _, let name):
            return cold(changing: name, precondition) { $0.place(at: description.module)?.owner.name }
        case .removeHook(let id, let name):
            return cold(changing: name, precondition) { moduleVersion in
                let hook = try? moduleVersion.hook(id)
                return hook?.module.flatMap { moduleVersion.place(at: $0)?.owner.name }
            }
        case .addGlobalHook, .removeGlobalHook, .remove: return []
        }
    }

    private func isMet(_ precondition: Precondition, _ name: String) -> Bool {
        (try? precondition.check(name, current: conditionalVersion(of: name))) != nil
    }

    private func cold(toChange keys: [String], of name: String, _ precondition: Precondition) -> [ColdVersion] {
        let own = cold(changing: name, precondition) { _ in nil }
        guard own.isEmpty, let moduleVersion = entries[name]?.current.moduleVersion, isMet(precondition, name) else {
            return own
        }
        return cold(changing: Set(keys.compactMap { try? moduleVersion.slot($0).place.owner.name }))
    }

    /// Returns what is cold of `name`, of the module in it that `owner` names, and of all that refer to one of both.
    private func cold(
        changing name: String,
        _ precondition: Precondition,
        owner: (ModuleVersion) -> String?
    ) -> [ColdVersion] {
        guard isMet(precondition, name), let current = entries[name]?.current else { return [] }
        guard let moduleVersion = current.moduleVersion else { return cold(among: [name]) }
        return cold(changing: Set([name] + (owner(moduleVersion).map { [$0] } ?? [])))
    }

    /// Returns what is cold of `names` and of all that refer to them.
    private func cold(changing names: Set<String>) -> [ColdVersion] {
        var affected = names
        var waiting = Array(names)
        while let name = waiting.popLast() {
            waiting += users(of: name).filter { affected.insert($0).inserted }
        }
        return cold(among: affected.sorted())
    }

    private func cold(among names: [String]) -> [ColdVersion] {
        names.compactMap { entries[$0]?.current.cold }
    }
}
