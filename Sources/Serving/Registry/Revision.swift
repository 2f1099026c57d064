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
        var installedHooks: [HookRecord]
        let activity: CallActivity
        /// The version that it was copied from.
        let base: Publication?
    }

    private let base: RegistryState
    /// In an order in which each comes after those it refers to.
    private(set) var drafts: OrderedDictionary<String, Draft> = [:]

    init(over base: RegistryState) {
        self.base = base
    }

    /// Copies `names` and everything that refers to them, directly or not.
    mutating func open(_ names: Set<String>) throws {
        var affected = names
        var waiting = Array(names)
        while let name = waiting.popLast() {
            waiting += base.users(of: name).filter { affected.insert($0).inserted }
        }
        for name in affected.sorted() { try open(name, affected: affected) }
    }

    /// Copies the owner of `place` and everything that refers to it, and returns the module at the place.
    mutating func open(_ place: Place) throws -> Module? {
        try open([place.owner.name])
        return root(of: place.owner.name)?.submodule(at: place.ownerPath)
    }

    private mutating func open(_ name: String, affected: Set<String>) throws {
        guard drafts[name] == nil, base.entries[name] != nil else { return }
        let old = try base.loaded(name)
        var replacements: [ObjectIdentifier: Module] = [:]
        for (reference, target) in old.references {
            if affected.contains(reference) { try open(reference, affected: affected) }
            replacements[ObjectIdentifier(target.root)] = drafts[reference]?.root ?? target.root
        }
        drafts[name] = Draft(
            name: name,
            plan: old.plan,
            root: try old.root.copied(replacing: replacements),
            installedHooks: old.installedHooks,
            activity: old.activity,
            base: old
        )
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
            installedHooks: [],
            activity: base.entries[name]?.current.activity ?? CallActivity(),
            base: nil
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

    private func current(_ name: String) -> Publication? { base.entries[name]?.current.publication }

    /// Returns the module of `name` as it will be.
    func root(of name: String) -> Module? {
        drafts[name]?.root ?? current(name)?.root
    }

    /// Changes the hooks that are listed for `name`; the draft's modules have them already.
    mutating func setHooks(of name: String, to hooks: [HookRecord]) {
        drafts[name]?.installedHooks = hooks
    }

    /// Freezes the drafts, each as the next version of its name.
    func publications() -> [(publication: Publication, base: Publication?)] {
        var made: [String: Publication] = [:]
        return drafts.values.map { draft in
            let references = Set(draft.plan.root.references).compactMap { name in
                (made[name] ?? current(name)).map { (name, $0) }
            }
            let publication = Publication(
                name: draft.name,
                version: base.nextVersion(of: draft.name),
                revision: base.revision,
                plan: draft.plan,
                frozen: FrozenModule(draft.root),
                references: Dictionary(uniqueKeysWithValues: references),
                installedHooks: draft.installedHooks,
                activity: draft.activity
            )
            made[draft.name] = publication
            return (publication, draft.base)
        }
    }
}
