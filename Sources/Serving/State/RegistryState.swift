import HashTreeCollections
import Models
import NN
import Store

/// What the registry holds at one moment.
///
/// A value whose copies share what did not change: a change edits a copy, which takes the place of the original once it
/// is durable. Nothing in it takes longer to change the more modules there are.
struct RegistryState: Sendable {
    /// A registered name: its current version, and those before it that are still callable, oldest first.
    struct Entry: Sendable {
        var current: HeldVersion
        var previous: [Retired] = []

        /// The callable versions, ascending.
        var versions: [HeldVersion] { previous.map(\.version) + [current] }

        /// The bytes of the current version in memory, also those that others share.
        var byteCount: Int {
            current.moduleVersion.map { $0.objectByteCount + $0.storages.footprint } ?? 0
        }
    }

    /// A version that is not the current one any more.
    struct Retired: Sendable {
        var version: HeldVersion
        /// Its place among all those in memory, the oldest first; `nil` if it is cold.
        var place: Int?
    }

    /// A version in the store that cannot be read.
    private struct Stray {
        let version: Int
        let references: [VersionID]
    }

    /// What a change has made, for the store to write down.
    struct Journal: Sendable {
        /// The count of changes with this one.
        var revision = 0
        /// New versions, with those before them of which they differ in part only; `nil` for those that are new as a whole.
        var made: [(moduleVersion: ModuleVersion, base: ModuleVersion?)] = []
        /// Versions that cannot be called any more and to which others refer.
        var unlisted: [HeldVersion] = []
        /// Versions that nobody needs any more.
        var dropped: [VersionID] = []
        /// All global hooks, if they have changed.
        var globalHooks: [HookRecord]?
        /// The count of changes at which they had changed before.
        var globalHooksVersion: Int?
    }

    /// A module that cannot be read from the store.
    struct DamagedModule: Sendable {
        let name: String
        let type: String
        /// The last version.
        let version: Int
        let reason: String
        /// The modules that it refers to, as far as that is known.
        let references: [String]
    }

    private(set) var entries: TreeDictionary<String, Entry> = [:]
    private(set) var damaged: TreeDictionary<String, DamagedModule> = [:]
    /// Versions in the store that cannot be read, by their names; they go with the next change of the name.
    private var strays: TreeDictionary<String, [Stray]> = [:]
    /// Whether tensors are on a disk too, so that modules can be let go from memory.
    private let isStored: Bool
    /// How many modules are cold.
    private(set) var coldCount = 0
    /// The modules of which some callable version is in memory, where they can be let go.
    private(set) var warmNames: TreeSet<String> = []
    /// How many kept versions refer to a version.
    private var uses: TreeDictionary<VersionID, Int> = [:]
    /// Versions that cannot be called any more and to which kept ones refer.
    private(set) var unlisted: TreeDictionary<VersionID, HeldVersion> = [:]
    /// A line for each module, also for those that are damaged.
    private(set) var list = SortedEntries()
    /// The modules that refer to a module, by its name.
    private var users: TreeDictionary<String, TreeSet<String>> = [:]
    /// No name ever had a version beyond this one when it was deleted; new names begin above it.
    private var floor = 0
    /// The highest version that any name ever had.
    private var highest = 0
    /// A number that is higher than those of all registered hooks so far.
    private var nextHook = 0
    /// The count of changes.
    private(set) var revision = 0
    /// What the change in the making has made.
    private var journal = Journal()
    /// Modules and bytes that changes under way are going to need.
    var reserved = Reservation()
    /// What current versions take.
    private var live = StorageLedger()
    /// What all versions take that are kept.
    private var kept = StorageLedger()
    /// The names of kept versions before the current ones, by their place.
    private var retired: TreeDictionary<Int, String> = [:]
    /// No retired version has a place before the first, or from the second on.
    private var retiredPlaces = 0..<0
    private(set) var globalHooks: [GlobalHook] = []
    private(set) var globalSnapshot = HookSnapshot()
    /// The count of changes when they changed last; `nil` if they never did.
    private(set) var globalHooksVersion: Int?

    init() { isStored = false }

    /// Creates the state of an empty registry in a store that has had changes before.
    init(revision: Int, counters: StoreCounters) {
        isStored = true
        self.revision = revision
        (floor, highest, nextHook) = (counters.floor, counters.highestVersion, counters.nextHook)
    }

    /// The numbers that must never go back.
    var counters: StoreCounters { StoreCounters(floor: floor, highestVersion: highest, nextHook: nextHook) }

    /// How many modules there are, damaged ones too.
    var moduleCount: Int { entries.count + damaged.count }

    /// The bytes of current versions.
    var byteCount: Int { live.byteCount }
    /// The bytes that only versions before the current ones hold.
    var keptVersionBytes: Int { kept.byteCount - live.byteCount }

    /// The version that `name` would get next.
    func nextVersion(of name: String) -> Int {
        (version(of: name) ?? floor) + 1
    }

    /// The version after which the next one of `name` comes, if there is such a module.
    private func version(of name: String) -> Int? {
        entries[name]?.current.version ?? damaged[name].map { _ in highest }
    }

    /// The version of `name` that conditions are about, also when it cannot be read.
    func conditionalVersion(of name: String) -> Int? {
        entries[name]?.current.version ?? damaged[name]?.version
    }

    /// Returns the current version of `name` if `precondition` holds.
    func current(_ name: String, when precondition: Precondition) throws(ServingError) -> ModuleVersion {
        try precondition.check(name, current: conditionalVersion(of: name))
        if let damage = damaged[name] { throw .damagedModule(name, reason: damage.reason, isChange: true) }
        return try loaded(name)
    }

    /// Returns the current version of `name`, which a change needs in memory.
    func loaded(_ name: String) throws(ServingError) -> ModuleVersion {
        guard let current = entries[name]?.current else { throw .unknownModule(name) }
        guard let moduleVersion = current.moduleVersion else { throw .notInMemory(name, reason: "it went cold") }
        return moduleVersion
    }

    /// The names whose modules refer to `name`, sorted.
    func users(of name: String) -> [String] {
        (users[name] ?? []).sorted()
    }

    // MARK: Changes

    /// Counts a change, or gives it a number that was drawn for it.
    mutating func begin(as number: Int? = nil) {
        revision = number ?? revision + 1
        journal = Journal(revision: revision)
    }

    /// Returns what the change has made.
    mutating func end() -> Journal {
        defer { journal = Journal() }
        return journal
    }

    /// Makes `moduleVersions` current; the state is of no use after an error.
    mutating func publish(
        _ moduleVersions: [(moduleVersion: ModuleVersion, base: ModuleVersion?)],
        limits: ServingLimits
    ) throws(ServingError) {
        let news = moduleVersions.map(\.moduleVersion)
        live.replace(news.compactMap { entries[$0.name]?.current.moduleVersion }, by: news)
        if isStored, live.byteCount > limits.maxBytes {
            makeRoom(for: 0, beside: 0, keeping: news, limits)
        }
        guard live.byteCount <= limits.maxBytes else {
            throw .limitExceeded(.bytes, limit: limits.maxBytes, requested: live.byteCount)
        }
        journal.made += moduleVersions
        let excess = news.flatMap { enter($0, keeping: max(1, limits.keptVersions) - 1) }
        // At once, since they have most in common.
        kept.replace(excess.compactMap(\.moduleVersion), by: news)
        for old in excess { letGo(old) }
        evict(to: limits.maxKeptVersionBytes)
    }

    /// Makes `moduleVersion` the current one of its name, and returns the versions that are too many then.
    private mutating func enter(_ moduleVersion: ModuleVersion, keeping count: Int) -> [HeldVersion] {
        let name = moduleVersion.name
        highest = max(highest, moduleVersion.version)
        refer(from: name, entries[name]?.current, .loaded(moduleVersion))
        for reference in moduleVersion.references.values { uses[VersionID(reference), default: 0] += 1 }
        dropStrays(of: name)
        list.set(RegistryEntry(.loaded(moduleVersion)))
        guard var entry = entries[name] else {
            damaged[name] = nil
            set(Entry(current: .loaded(moduleVersion)), for: name)
            return []
        }
        entry.previous.append(retire(entry.current))
        entry.current = .loaded(moduleVersion)
        let excess = entry.previous.prefix(max(0, entry.previous.count - count))
        entry.previous.removeFirst(excess.count)
        set(entry, for: name)
        for old in excess { if let place = old.place { retired[place] = nil } }
        return excess.map(\.version)
    }

    private mutating func set(_ entry: Entry?, for name: String) {
        if entries[name]?.current.cold != nil { coldCount -= 1 }
        if entry?.current.cold != nil { coldCount += 1 }
        entries[name] = entry
        guard isStored else { return }
        if entry?.versions.contains(where: { $0.moduleVersion != nil }) == true {
            warmNames.insert(name)
        } else {
            warmNames.remove(name)
        }
    }

    private mutating func retire(_ version: HeldVersion) -> Retired {
        guard version.moduleVersion != nil else { return Retired(version: version, place: nil) }
        let place = retiredPlaces.upperBound
        retired[place] = version.name
        retiredPlaces = retiredPlaces.lowerBound..<place + 1
        return Retired(version: version, place: place)
    }

    private mutating func dropStrays(of name: String) {
        for stray in strays.removeValue(forKey: name) ?? [] {
            journal.dropped.append(VersionID(name, stray.version))
            release(stray.references)
        }
    }

    private mutating func forget(_ old: Retired) {
        if let place = old.place { retired[place] = nil }
        forget(old.version)
    }

    /// Takes out a version that can be called no longer.
    private mutating func forget(_ version: HeldVersion) {
        if let moduleVersion = version.moduleVersion { kept.replace([moduleVersion], by: []) }
        letGo(version)
    }

    /// Lets go of a version that is counted no longer; it stays for those that refer to it.
    private mutating func letGo(_ version: HeldVersion) {
        if uses[version.id] == nil {
            drop(version)
        } else {
            unlisted[version.id] = version
            journal.unlisted.append(version)
        }
    }

    private mutating func drop(_ version: HeldVersion) {
        journal.dropped.append(version.id)
        release(version.references.map { VersionID($0.key, $0.value) })
    }

    /// Counts one user less of each of `references`, and drops those that only users needed.
    private mutating func release(_ references: [VersionID]) {
        for reference in references {
            let count = uses[reference] ?? 0
            uses[reference] = count > 1 ? count - 1 : nil
            guard count <= 1, let free = unlisted.removeValue(forKey: reference) else { continue }
            journal.unlisted.removeAll { $0.id == free.id }
            drop(free)
        }
    }

    /// Lets the oldest versions go until all together hold few enough bytes: from memory, where they are on the disk too.
    private mutating func evict(to limit: Int) {
        while let place = retiredPlaces.first, keptVersionBytes > limit || retired[place] == nil {
            retiredPlaces = place + 1..<retiredPlaces.upperBound
            guard let name = retired[place], var entry = entries[name],
                let index = entry.previous.firstIndex(where: { $0.place == place })
            else { continue }
            if isStored {
                entry.previous[index] = cooled(entry.previous[index])
                set(entry, for: name)
            } else {
                let old = entry.previous.remove(at: index)
                set(entry, for: name)
                forget(old)
            }
        }
    }

    /// Removes `name`.
    mutating func remove(_ name: String) {
        dropStrays(of: name)
        if damaged.removeValue(forKey: name) != nil { floor = highest }
        list.remove(name)
        guard let entry = entries[name] else { return }
        set(nil, for: name)
        refer(from: name, entry.current, nil)
        floor = max(floor, entry.current.version)
        live.replace(entry.current.moduleVersion.map { [$0] } ?? [], by: [])
        for old in entry.previous { forget(old) }
        forget(entry.current)
    }

    /// Notes what `name` refers to.
    private mutating func refer(from name: String, _ old: HeldVersion?, _ new: HeldVersion?) {
        let (gone, came) = (old?.references ?? [:], new?.references ?? [:])
        for target in gone.keys where came[target] == nil {
            users[target]?.remove(name)
            if users[target]?.isEmpty == true { users[target] = nil }
        }
        for target in came.keys where gone[target] == nil {
            users[target, default: []].insert(name)
        }
    }

    // MARK: Tensors that come into memory and go

    /// Returns the version that `id` names, whether it can be called or only others need it.
    func held(_ id: VersionID) -> HeldVersion? {
        entries[id.name]?.versions.first { $0.version == id.version } ?? unlisted[id]
    }

    /// Enters a version whose tensors were loaded, with those that it refers to, wherever they are still held.
    mutating func enter(loaded moduleVersion: ModuleVersion, limits: ServingLimits) {
        for target in moduleVersion.references.values { enter(loaded: target, limits: limits) }
        let (name, id) = (moduleVersion.name, VersionID(moduleVersion))
        guard held(id)?.cold != nil else { return }
        guard var entry = entries[name], entry.versions.contains(where: { $0.version == id.version }) else {
            unlisted[id] = .loaded(moduleVersion)
            return
        }
        kept.replace([], by: [moduleVersion])
        if entry.current.version == id.version {
            live.replace([], by: [moduleVersion])
            entry.current = .loaded(moduleVersion)
        } else if let index = entry.previous.firstIndex(where: { $0.version.version == id.version }) {
            entry.previous[index] = retire(.loaded(moduleVersion))
        }
        set(entry, for: name)
        makeRoom(for: 0, beside: 0, keeping: [moduleVersion], limits)
        evict(to: limits.maxKeptVersionBytes)
    }

    /// One part of so many of all bytes is made free at once, where modules are smaller than that.
    private static let spareParts = 32

    /// Lets modules without calls under way go cold, the longest uncalled first, until so many bytes more fit beside those in
    /// memory and `others`.
    ///
    /// What `moduleVersions` are or refer to stays, and so does what modules refer to that stay. All modules in memory are looked
    /// through, and one part of the room in so many is made free: each that comes in costs that many looks, however many
    /// there are.
    mutating func makeRoom(
        for byteCount: Int,
        beside others: Int,
        keeping moduleVersions: [ModuleVersion],
        _ limits: ServingLimits
    ) {
        let wanted = saturatingSum(byteCount, others)
        guard isStored, saturatingSum(live.byteCount, wanted) > limits.maxBytes else { return }
        var users: [String: Set<String>] = [:]
        for moduleVersion in moduleVersions {
            for target in moduleVersion.references.keys { users[target, default: []].insert("") }
        }
        let kept = Set(moduleVersions.map(\.name))
        var candidates: [(name: String, lastCall: Int)] = []
        for name in warmNames {
            let versions = entries[name]?.versions.compactMap(\.moduleVersion) ?? []
            for target in versions.flatMap(\.references.keys) { users[target, default: []].insert(name) }
            guard !kept.contains(name), let lastCall = versions.map(\.callStatistics.lastCall).max() else { continue }
            candidates.append((name, lastCall))
        }
        candidates.sort { ($0.lastCall, $0.name) < ($1.lastCall, $1.name) }
        // Those that were passed over because modules in memory refer to them.
        var passed: Set<String> = []
        var waiting = candidates.map(\.name)[...]
        // Of small modules some more go, so that all need not be looked through again for the next one.
        let spare = limits.maxBytes / Self.spareParts
        while let name = waiting.popFirst() {
            let room = limits.maxBytes - saturatingSum(live.byteCount, wanted)
            guard room < spare else { break }
            guard let entry = entries[name], entry.current.activity.isIdle else { continue }
            guard room < 0 || entry.byteCount <= spare - room else { break }
            guard users[name]?.isEmpty ?? true else {
                passed.insert(name)
                continue
            }
            cool(name, entry)
            let targets = Set(entry.versions.compactMap(\.moduleVersion).flatMap(\.references.keys))
            for target in targets { users[target]?.remove(name) }
            waiting = ArraySlice(targets.filter { passed.remove($0) != nil }.sorted()) + waiting
        }
    }

    /// Lets a module go cold, with all its versions.
    private mutating func cool(_ name: String, _ entry: Entry) {
        var entry = entry
        entry.previous = entry.previous.map { cooled($0) }
        if let moduleVersion = entry.current.moduleVersion {
            live.replace([moduleVersion], by: [])
            kept.replace([moduleVersion], by: [])
            entry.current = .cold(ColdVersion(moduleVersion))
            coolUnlisted(of: moduleVersion)
        }
        set(entry, for: name)
    }

    private mutating func cooled(_ old: Retired) -> Retired {
        guard let moduleVersion = old.version.moduleVersion else { return old }
        if let place = old.place { retired[place] = nil }
        kept.replace([moduleVersion], by: [])
        coolUnlisted(of: moduleVersion)
        return Retired(version: .cold(ColdVersion(moduleVersion)), place: nil)
    }

    /// Lets those go cold that only users needed.
    private mutating func coolUnlisted(of user: ModuleVersion) {
        for target in user.references.values {
            guard case .loaded(let known)? = unlisted[VersionID(target)] else { continue }
            unlisted[VersionID(target)] = .cold(ColdVersion(known))
            coolUnlisted(of: known)
        }
    }

    /// Enters damage that was found where `id` should be loaded: of the module, and of those that refer to it.
    ///
    /// - Returns: The modules that are damaged now, with their reasons.
    mutating func enter(damage reason: String, of id: VersionID) -> [(name: String, reason: String)] {
        guard let entry = entries[id.name], entry.current.version == id.version, entry.current.cold != nil else {
            return []
        }
        let users = users(of: id.name)
        let references = entry.current.references
        for version in entry.versions {
            if let moduleVersion = version.moduleVersion { kept.replace([moduleVersion], by: []) }
            let stray = Stray(
                version: version.version,
                references: version.references.map { VersionID($0.key, $0.value) }
            )
            strays[id.name, default: []].append(stray)
        }
        for old in entry.previous { if let place = old.place { retired[place] = nil } }
        refer(from: id.name, entry.current, nil)
        set(nil, for: id.name)
        let module = DamagedModule(
            name: id.name,
            type: entry.current.typeName,
            version: id.version,
            reason: reason,
            references: references.keys.sorted()
        )
        restore(module)
        return users.reduce(into: [(id.name, reason)]) { found, user in
            guard let current = entries[user]?.current else { return }
            found += enter(damage: Self.damage(of: id.name, reason), of: current.id)
        }
    }

    /// Why a module is damaged that refers to `name`, which is damaged because of `reason`.
    static func damage(of name: String, _ reason: String) -> String {
        "it refers to '\(name)', which is damaged: \(reason)"
    }

    // MARK: Global hooks

    mutating func addGlobalHook(_ hook: GlobalHook) {
        globalHooks.append(hook)
        hook.installation.add(to: &globalSnapshot)
        noteGlobalHooks()
    }

    mutating func removeGlobalHook(_ id: Int) throws(ServingError) {
        guard globalHooks.contains(where: { $0.record.id == id }) else { throw .unknownHook(id) }
        globalHooks.removeAll { $0.record.id == id }
        globalSnapshot = HookSnapshot()
        for hook in globalHooks { hook.installation.add(to: &globalSnapshot) }
        noteGlobalHooks()
    }

    private mutating func noteGlobalHooks() {
        journal.globalHooks = globalHooks.map(\.record)
        journal.globalHooksVersion = globalHooksVersion
        globalHooksVersion = revision
    }

    /// Counts the number of a new hook.
    mutating func noteHook(_ id: Int) { nextHook = max(nextHook, id + 1) }

    // MARK: What the store held

    /// Enters a version as the store had it; versions of a name come in their order.
    mutating func restore(_ version: ColdVersion, isCurrent: Bool) {
        for (target, number) in version.references { uses[VersionID(target, number), default: 0] += 1 }
        if var entry = entries[version.name] {
            if isCurrent {
                entry.current = .cold(version)
            } else {
                entry.previous.append(Retired(version: .cold(version), place: nil))
            }
            set(entry, for: version.name)
        } else {
            entries[version.name] = Entry(current: .cold(version))
            coldCount += 1
        }
        guard isCurrent else { return }
        refer(from: version.name, nil, .cold(version))
        list.set(RegistryEntry(.cold(version)))
        if !damaged.isEmpty { damaged[version.name] = nil }
    }

    /// Enters a version that only others need.
    mutating func restore(unlisted version: ColdVersion) {
        for (target, number) in version.references { uses[VersionID(target, number), default: 0] += 1 }
        unlisted[version.id] = .cold(version)
    }

    /// Enters a module that cannot be read.
    mutating func restore(_ module: DamagedModule) {
        list.set(RegistryEntry(module))
        damaged[module.name] = module
    }

    /// Enters a version in the store that is of no use.
    mutating func restore(stray version: VersionID, references: [VersionID]) {
        for reference in references { uses[reference, default: 0] += 1 }
        strays[version.name, default: []].append(Stray(version: version.version, references: references))
    }

    /// Whether the store has a version that is of no use.
    func isStray(_ name: String, _ version: Int) -> Bool {
        strays[name]?.contains { $0.version == version } ?? false
    }

    /// Forgets a version that is going to be read again.
    mutating func forgetStray(_ version: VersionID) {
        for stray in strays[version.name] ?? [] where stray.version == version.version {
            for reference in stray.references { uses[reference] = uses[reference].flatMap { $0 > 1 ? $0 - 1 : nil } }
        }
        strays[version.name]?.removeAll { $0.version == version.version }
    }

    /// The damaged modules that refer to one of `names`, directly or not.
    func damagedUsers(of names: Set<String>) -> Set<String> {
        var found = names
        var isComplete = false
        while !isComplete {
            let more = damaged.values.filter { !found.contains($0.name) && !found.isDisjoint(with: $0.references) }
            found.formUnion(more.map(\.name))
            isComplete = more.isEmpty
        }
        return found.subtracting(names)
    }

    /// Takes a name out with all of its versions, to be entered anew; nothing that others refer to goes with it.
    mutating func forget(_ name: String) {
        list.remove(name)
        damaged[name] = nil
        strays[name] = nil
        for old in unlistedVersions(of: name) {
            unlisted[VersionID(old)] = nil
            discount(.loaded(old))
        }
        guard let entry = entries[name] else { return }
        set(nil, for: name)
        refer(from: name, entry.current, nil)
        live.replace(entry.current.moduleVersion.map { [$0] } ?? [], by: [])
        kept.replace(entry.versions.compactMap(\.moduleVersion), by: [])
        for old in entry.previous { if let place = old.place { retired[place] = nil } }
        for version in entry.versions { discount(version) }
    }

    /// Counts no longer what a version refers to.
    private mutating func discount(_ version: HeldVersion) {
        for reference in version.references.map({ VersionID($0.key, $0.value) }) {
            let count = uses[reference] ?? 0
            uses[reference] = count > 1 ? count - 1 : nil
        }
    }

    /// The versions of `name` in memory that only others need.
    func unlistedVersions(of name: String) -> [ModuleVersion] {
        guard !unlisted.isEmpty else { return [] }
        return unlisted.values.filter { $0.name == name }.compactMap(\.moduleVersion)
    }

    /// Returns a version that is in memory, also one that only others need.
    func moduleVersion(_ id: VersionID) -> ModuleVersion? { held(id)?.moduleVersion }

    /// Enters a version as a shared store has it; the current one of a name comes first.
    mutating func restore(loaded moduleVersion: ModuleVersion, isCurrent: Bool) {
        for reference in moduleVersion.references.values { uses[VersionID(reference), default: 0] += 1 }
        kept.replace([], by: [moduleVersion])
        var entry = entries[moduleVersion.name] ?? Entry(current: .loaded(moduleVersion))
        if isCurrent {
            live.replace([], by: [moduleVersion])
            refer(from: moduleVersion.name, nil, .loaded(moduleVersion))
            list.set(RegistryEntry(.loaded(moduleVersion)))
            damaged[moduleVersion.name] = nil
            entry.current = .loaded(moduleVersion)
        } else {
            entry.previous.append(retire(.loaded(moduleVersion)))
        }
        set(entry, for: moduleVersion.name)
    }

    /// Enters a version that only others need, as a shared store has it.
    mutating func restore(loadedUnlisted moduleVersion: ModuleVersion) {
        for reference in moduleVersion.references.values { uses[VersionID(reference), default: 0] += 1 }
        unlisted[VersionID(moduleVersion)] = .loaded(moduleVersion)
    }

    /// Notes the numbers of what was entered.
    mutating func note(revision: Int, floor: Int, highest: Int) {
        self.revision = revision
        self.floor = max(self.floor, floor)
        self.highest = max(self.highest, highest, floor)
    }

    /// Puts other global hooks in the place of those that are there.
    mutating func replaceGlobalHooks(by hooks: [GlobalHook], version: Int) {
        globalSnapshot = HookSnapshot()
        restore(hooks, version: version)
    }

    /// Enters the global hooks.
    mutating func restore(_ hooks: [GlobalHook], version: Int) {
        globalHooks = hooks
        for hook in hooks { hook.installation.add(to: &globalSnapshot) }
        globalHooksVersion = version
    }

    // MARK: Reservations

    /// What a change needs that is not there yet.
    struct Reservation: Sendable {
        var modules = 0
        var byteCount = 0
    }

    /// Sets room aside before memory is taken.
    mutating func reserve(_ wanted: Reservation, limits: ServingLimits) throws(ServingError) {
        let modules = moduleCount + reserved.modules + wanted.modules
        guard wanted.modules == 0 || modules <= limits.maxModules else {
            throw .limitExceeded(.modules, limit: limits.maxModules, requested: modules)
        }
        let (sum, overflow) = (live.byteCount + reserved.byteCount).addingReportingOverflow(wanted.byteCount)
        guard !overflow, sum <= limits.maxBytes else {
            throw .limitExceeded(.bytes, limit: limits.maxBytes, requested: overflow ? nil : sum)
        }
        reserved.modules += wanted.modules
        reserved.byteCount += wanted.byteCount
    }

    mutating func release(_ wanted: Reservation) {
        reserved.modules -= wanted.modules
        reserved.byteCount -= wanted.byteCount
    }
}

/// A hook that runs for every module of the registry.
struct GlobalHook: Sendable {
    let record: HookRecord
    let installation: HookInstallation
}
