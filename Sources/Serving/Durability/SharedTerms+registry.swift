import HashTreeCollections
import Store

extension SharedTerms {
    /// The terms of changes that lead from `base` to `draft`: all that they were made of has to be so still.
    init(from base: RegistryState, to draft: RegistryState, _ journals: [RegistryState.Journal]) {
        self.init()
        let made = Set(journals.flatMap(\.made).map(\.moduleVersion.name))
        let dropped = Dictionary(grouping: journals.flatMap(\.dropped), by: \.name)
        let unlisted = journals.flatMap(\.unlisted).map(\.name)
        let hooks = ChangeWriter.globalHooksName
        var exclusive: Set<String> = []
        for name in made.union(dropped.keys).union(unlisted).subtracting([hooks]).sorted() {
            let old = base.conditionalVersion(of: name)
            let new = draft.entries[name]?.current
            let isGone = new == nil && draft.damaged[name] == nil
            guard made.contains(name) || isGone && old != nil else {
                held.append(Held(name, version: nil, isAny: true))
                touched.append(Touched(name, version: nil))
                continue
            }
            exclusive.insert(name)
            // Who refers to a damaged module may be damaged too, and is made anew of what takes its place.
            let isKnown = old != nil && base.damaged[name] == nil
            let users = isKnown ? base.users(of: name) : nil
            held.append(Held(name, version: old, next: new?.version, users: users))
            guard let new else {
                touched.append(Touched(name, version: draft.counters.floor, isDeleted: true, references: []))
                continue
            }
            let references = new.references.keys.sorted()
            let isSame = base.entries[name]?.current.references.keys.sorted() == references
            touched.append(Touched(name, version: new.version, references: isSame ? nil : references))
        }
        hold(targets: made, exclusive, base, draft)
        guard let version = draft.globalHooksVersion, version != base.globalHooksVersion else { return }
        held.append(Held(hooks, version: base.globalHooksVersion, next: version))
        touched.append(Touched(hooks, version: version))
    }

    /// The names of which something is not as it was.
    var changedNames: Set<String> { Set(touched.map(\.name)) }

    /// What new versions refer to must not move under them.
    private mutating func hold(
        targets made: Set<String>,
        _ exclusive: Set<String>,
        _ base: RegistryState,
        _ draft: RegistryState
    ) {
        let targets = Set(made.compactMap { draft.entries[$0]?.current }.flatMap(\.references.keys))
        for target in targets.subtracting(exclusive).sorted() {
            held.removeAll { $0.name == target }
            let isTouched = touched.contains { $0.name == target }
            held.append(Held(target, version: base.conditionalVersion(of: target), isShared: !isTouched))
        }
    }
}
