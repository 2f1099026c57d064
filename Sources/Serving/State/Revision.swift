import HashTreeCollections
import Models
import NN
import OrderedCollections
import Tensors

/// A change in the making: copies of the modules that it touches, and of all that refer to them.
///
/// Nobody else sees the copies until they are published, so that a change that fails leaves no trace.
struct Revision {
    /// A module's next version before it is frozen.
    struct Draft {
        let name: String
        let plan: ModulePlan
        let root: Module
        var installedHooks: [HookRecord] = []
        let origin: Origin

        enum Origin {
            case new(CallActivity)
            /// The version before it, and what was copied of it.
            case copy(of: ModuleVersion, PartialCopy)
        }

        /// The names of the registered modules that stand in it.
        var references: Set<String> {
            switch origin {
            case .new: Set(plan.root.references)
            // A walk of the whole plan would find the same.
            case .copy(let old, _): Set(old.references.keys)
            }
        }
    }

    /// What of a module a change is about.
    private enum Part {
        case everything
        case place(Place)
    }

    private let base: RegistryState
    /// In an order in which each comes after those it refers to.
    private(set) var drafts: OrderedDictionary<String, Draft> = [:]

    init(over base: RegistryState) {
        self.base = base
    }

    /// Copies `names` and everything that refers to them, directly or not.
    mutating func open(_ names: Set<String>) throws {
        try open(Dictionary(uniqueKeysWithValues: names.map { ($0, .everything) }))
    }

    private mutating func open(_ parts: [String: Part]) throws {
        var affected = Set(parts.keys)
        var waiting = Array(parts.keys)
        while let name = waiting.popLast() {
            waiting += base.users(of: name).filter { affected.insert($0).inserted }
        }
        for name in affected.sorted() { try open(name, affected, parts) }
    }

    /// Copies the module at `place`, what holds it and what refers to it, and returns the copy; the rest of the trees is shared.
    mutating func open(_ place: Place) throws -> Module? {
        try open([place.owner.name: .place(place)])
        return root(of: place.owner.name)?.submodule(at: place.ownerPath)
    }

    private mutating func open(_ name: String, _ affected: Set<String>, _ parts: [String: Part]) throws {
        guard drafts[name] == nil, base.entries[name] != nil else { return }
        let old = try base.loaded(name)
        var replacements: [ObjectIdentifier: Module] = [:]
        for (reference, target) in old.references {
            if affected.contains(reference) { try open(reference, affected, parts) }
            replacements[ObjectIdentifier(target.root)] = drafts[reference]?.root ?? target.root
        }
        let copy = try Self.copy(of: old, for: parts[name], replacing: replacements)
        drafts[name] = Draft(
            name: name,
            plan: old.plan,
            root: copy.root,
            installedHooks: old.installedHooks,
            origin: .copy(of: old, copy)
        )
    }

    private static func copy(
        of old: ModuleVersion,
        for part: Part?,
        replacing replacements: [ObjectIdentifier: Module]
    ) throws -> PartialCopy {
        // Where parameters are shared, a module that has one cannot be copied without the others.
        let part = old.plan.ties.isEmpty ? part : .everything
        switch part {
        case .everything: return try old.root.copied(changing: .everything, replacing: replacements)
        case nil: return try old.root.copied(changing: .nothing, replacing: replacements)
        case .place(let place):
            let isOnlyThere = !old.size.hasSharedModules && replacements.allSatisfy { $0 == ObjectIdentifier($1) }
            guard isOnlyThere else {
                return try old.root.copied(changing: .below(place.module), replacing: replacements)
            }
            return try old.root.copied(changingAt: place.ownerPath, sharing: Array(replacements.values))
        }
    }

    /// Adds a module that is new, or replaces one that nothing refers to; references are put in for their stand-ins.
    mutating func add(_ name: String, plan: ModulePlan, tree: Module, standIns: [String: Reference]) throws {
        var replacements: [ObjectIdentifier: Module] = [:]
        for (reference, standIn) in standIns {
            guard let root = root(of: reference) else { throw ServingError.unknownModule(reference) }
            replacements[ObjectIdentifier(standIn)] = root
        }
        drafts[name] = Draft(
            name: name,
            plan: plan,
            root: standIns.isEmpty ? tree : try tree.copied(replacing: replacements),
            origin: .new(base.entries[name]?.current.activity ?? CallActivity())
        )
    }

    /// Loads the tensors of a description into the draft of `name`, strictly.
    func load(_ entries: OrderedDictionary<String, Tensor>?, into name: String) throws {
        guard let entries, let root = root(of: name) else { return }
        do {
            try root.loadStateDict(entries)
        } catch let error as ModuleError {
            throw ServingError.stateDictMismatch(error.message())
        }
    }

    private func current(_ name: String) -> ModuleVersion? { base.entries[name]?.current.moduleVersion }

    /// Returns the module of `name` as it will be.
    func root(of name: String) -> Module? {
        drafts[name]?.root ?? current(name)?.root
    }

    /// Changes the hooks that are listed for `name`; the draft's modules have them already.
    mutating func setHooks(of name: String, to hooks: [HookRecord]) {
        drafts[name]?.installedHooks = hooks
    }

    /// Freezes the drafts, each as the next version of its name.
    func moduleVersions() -> [(moduleVersion: ModuleVersion, base: ModuleVersion?)] {
        var made: [String: ModuleVersion] = [:]
        return drafts.values.map { draft in
            let references = draft.references.compactMap { name in (made[name] ?? current(name)).map { (name, $0) } }
            let (moduleVersion, base) = moduleVersion(of: draft, Dictionary(uniqueKeysWithValues: references))
            made[draft.name] = moduleVersion
            return (moduleVersion, base)
        }
    }

    private func moduleVersion(
        of draft: Draft,
        _ references: [String: ModuleVersion]
    ) -> (moduleVersion: ModuleVersion, base: ModuleVersion?) {
        let version = base.nextVersion(of: draft.name)
        switch draft.origin {
        case .new(let activity):
            let moduleVersion = ModuleVersion(
                name: draft.name,
                version: version,
                revision: base.revision,
                plan: draft.plan,
                frozen: FrozenModule(draft.root),
                references: references,
                installedHooks: draft.installedHooks,
                activity: activity
            )
            return (moduleVersion, nil)
        case .copy(let old, let copy):
            let moduleVersion = ModuleVersion(
                after: old,
                version: version,
                revision: base.revision,
                copy: copy,
                references: references,
                installedHooks: draft.installedHooks
            )
            return (moduleVersion, old)
        }
    }
}
