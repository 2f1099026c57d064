import HashTreeCollections
import Models
import NN
import Store

/// What the registry holds at one moment.
///
/// A value whose copies share what did not change: a change edits a copy, which takes the place of the original once it
/// is durable. Nothing in it takes longer to change the more modules there are, but for the list of names, which is cut
/// into chunks.
struct RegistryState: Sendable {
    /// A registered name: its current version, and those before it that are still callable, oldest first.
    struct Entry: Sendable {
        var current: Publication
        var previous: [Retired] = []

        /// The callable versions, ascending.
        var publications: [Publication] { previous.map(\.publication) + [current] }
    }

    /// A version that is not the current one any more.
    struct Retired: Sendable {
        let publication: Publication
        /// Its place among all of them, the oldest first.
        let place: Int
    }

    /// What a change has made, for the store to write down.
    struct Journal: Sendable {
        /// The count of changes with this one.
        var revision = 0
        /// New versions, with those before them of which they differ in part only; `nil` for those that are new as a whole.
        var made: [(publication: Publication, base: Publication?)] = []
        /// Versions that cannot be called any more and to which others refer.
        var unlisted: [Publication] = []
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
    private var strays: TreeDictionary<String, [Int]> = [:]
    /// How many kept versions refer to a version.
    private var uses: TreeDictionary<VersionID, Int> = [:]
    /// Versions that cannot be called any more and to which kept ones refer.
    private(set) var unlisted: TreeDictionary<VersionID, Publication> = [:]
    private(set) var names = SortedNames()
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

    init() {}

    /// Creates the state of an empty registry that has had changes before.
    init(revision: Int, counters: StoreCounters) {
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
    func current(_ name: String, when precondition: Precondition) throws(ServingError) -> Publication {
        try precondition.check(name, current: conditionalVersion(of: name))
        if let damage = damaged[name] { throw .damagedModule(name, reason: damage.reason, isChange: true) }
        guard let publication = entries[name]?.current else { throw .unknownModule(name) }
        return publication
    }

    /// The names whose modules refer to `name`, sorted.
    func users(of name: String) -> [String] {
        (users[name] ?? []).sorted()
    }

    // MARK: Changes

    /// Counts a change.
    mutating func begin() {
        revision += 1
        journal = Journal(revision: revision)
    }

    /// Returns what the change has made.
    mutating func end() -> Journal {
        defer { journal = Journal() }
        return journal
    }

    /// Makes `publications` current; the state is of no use after an error.
    mutating func publish(
        _ publications: [(publication: Publication, base: Publication?)],
        limits: ServingLimits
    ) throws(ServingError) {
        let news = publications.map(\.publication)
        live.replace(news.compactMap { entries[$0.name]?.current }, by: news)
        guard live.byteCount <= limits.maxBytes else {
            throw .limitExceeded(.bytes, limit: limits.maxBytes, requested: live.byteCount)
        }
        journal.made += publications
        kept.replace([], by: news)
        for new in news { enter(new, keeping: max(1, limits.keptVersions) - 1) }
        evict(to: limits.maxKeptVersionBytes)
    }

    /// Makes `publication` the current one of its name, and lets the versions go that are too many then.
    private mutating func enter(_ publication: Publication, keeping count: Int) {
        let name = publication.name
        highest = max(highest, publication.version)
        refer(from: name, entries[name]?.current, publication)
        for reference in publication.references.values { uses[VersionID(reference), default: 0] += 1 }
        dropStrays(of: name)
        guard var entry = entries[name] else {
            if damaged.removeValue(forKey: name) == nil { names.insert(name) }
            entries[name] = Entry(current: publication)
            return
        }
        entry.previous.append(retire(entry.current))
        entry.current = publication
        let excess = entry.previous.prefix(max(0, entry.previous.count - count))
        entry.previous.removeFirst(excess.count)
        entries[name] = entry
        for old in excess { forget(old.publication, at: old.place) }
    }

    private mutating func retire(_ publication: Publication) -> Retired {
        let place = retiredPlaces.upperBound
        retired[place] = publication.name
        retiredPlaces = retiredPlaces.lowerBound..<place + 1
        return Retired(publication: publication, place: place)
    }

    private mutating func dropStrays(of name: String) {
        journal.dropped += (strays.removeValue(forKey: name) ?? []).map { VersionID(name, $0) }
    }

    /// Lets go of a version that can be called no longer; it stays for those that refer to it.
    private mutating func forget(_ publication: Publication, at place: Int? = nil) {
        if let place { retired[place] = nil }
        kept.replace([publication], by: [])
        if uses[VersionID(publication)] == nil {
            drop(publication)
        } else {
            unlisted[VersionID(publication)] = publication
            journal.unlisted.append(publication)
        }
    }

    private mutating func drop(_ publication: Publication) {
        journal.dropped.append(VersionID(publication))
        for reference in publication.references.values.map(VersionID.init) {
            let count = uses[reference] ?? 0
            uses[reference] = count > 1 ? count - 1 : nil
            guard count <= 1, let free = unlisted.removeValue(forKey: reference) else { continue }
            journal.unlisted.removeAll { $0 === free }
            drop(free)
        }
    }

    /// Lets the oldest versions go until all together hold few enough bytes.
    private mutating func evict(to limit: Int) {
        while let place = retiredPlaces.first, keptVersionBytes > limit || retired[place] == nil {
            retiredPlaces = place + 1..<retiredPlaces.upperBound
            guard let name = retired[place], var entry = entries[name] else { continue }
            let gone = entry.previous.filter { $0.place == place }
            entry.previous.removeAll { $0.place == place }
            entries[name] = entry
            for old in gone { forget(old.publication, at: place) }
        }
    }

    /// Removes `name`.
    mutating func remove(_ name: String) {
        dropStrays(of: name)
        if damaged.removeValue(forKey: name) != nil { floor = highest }
        names.remove(name)
        guard let entry = entries.removeValue(forKey: name) else { return }
        refer(from: name, entry.current, nil)
        floor = max(floor, entry.current.version)
        live.replace([entry.current], by: [])
        for old in entry.previous { forget(old.publication, at: old.place) }
        forget(entry.current)
    }

    /// Notes what `name` refers to.
    private mutating func refer(from name: String, _ old: Publication?, _ new: Publication?) {
        for target in old?.references.keys ?? [:].keys where new?.references[target] == nil {
            users[target]?.remove(name)
            if users[target]?.isEmpty == true { users[target] = nil }
        }
        for target in new?.references.keys ?? [:].keys where old?.references[target] == nil {
            users[target, default: []].insert(name)
        }
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

    /// Enters a version as the store had it.
    mutating func restore(_ publication: Publication, isCurrent: Bool) {
        for reference in publication.references.values { uses[VersionID(reference), default: 0] += 1 }
        kept.replace([], by: [publication])
        guard isCurrent else {
            if entries[publication.name] == nil { entries[publication.name] = Entry(current: publication) }
            let old = retire(publication)
            entries[publication.name]?.previous.append(old)
            return
        }
        live.replace([], by: [publication])
        refer(from: publication.name, nil, publication)
        names.insert(publication.name)
        damaged[publication.name] = nil
        entries[publication.name, default: Entry(current: publication)].current = publication
    }

    /// Enters a version that only others need.
    mutating func restore(unlisted publication: Publication) {
        for reference in publication.references.values { uses[VersionID(reference), default: 0] += 1 }
        unlisted[VersionID(publication)] = publication
    }

    /// Enters a module that cannot be read.
    mutating func restore(_ module: DamagedModule) {
        names.insert(module.name)
        damaged[module.name] = module
    }

    /// Enters a version in the store that is of no use.
    mutating func restore(stray version: VersionID) {
        strays[version.name, default: []].append(version.version)
    }

    /// Forgets a version that is going to be read again.
    mutating func forgetStray(_ version: VersionID) {
        strays[version.name]?.removeAll { $0 == version.version }
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
        guard modules <= limits.maxModules else {
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
