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
    }

    private let current: [String: Publication]
    /// In an order in which each comes after those it refers to.
    private(set) var drafts: OrderedDictionary<String, Draft> = [:]

    init(over current: [String: Publication]) {
        self.current = current
    }

    /// Copies `names` and everything that refers to them, directly or not.
    mutating func open(_ names: Set<String>) throws {
        var affected = names
        var grew = true
        while grew {
            let users = current.values.filter {
                !affected.contains($0.name) && !affected.isDisjoint(with: $0.references.keys)
            }
            affected.formUnion(users.map(\.name))
            grew = !users.isEmpty
        }
        for name in affected.sorted() { try open(name, affected: affected) }
    }

    private mutating func open(_ name: String, affected: Set<String>) throws {
        guard drafts[name] == nil, let old = current[name] else { return }
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
            activity: old.activity
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
            activity: current[name]?.activity ?? CallActivity()
        )
    }

    /// Returns the module of `name` as it will be.
    func root(of name: String) -> Module? {
        drafts[name]?.root ?? current[name]?.root
    }

    /// Changes the hooks that are listed for `name`; the draft's modules have them already.
    mutating func setHooks(of name: String, to hooks: [HookRecord]) {
        drafts[name]?.installedHooks = hooks
    }

    /// Freezes the drafts.
    func publications(version: (String) -> Int) -> [Publication] {
        var made: [String: Publication] = [:]
        return drafts.values.map { draft in
            let references = Set(draft.plan.root.references).compactMap { name in
                (made[name] ?? current[name]).map { (name, $0) }
            }
            let publication = Publication(
                name: draft.name,
                version: version(draft.name),
                plan: draft.plan,
                frozen: FrozenModule(draft.root),
                references: Dictionary(uniqueKeysWithValues: references),
                installedHooks: draft.installedHooks,
                activity: draft.activity
            )
            made[draft.name] = publication
            return publication
        }
    }
}
