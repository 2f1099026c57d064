import HashTreeCollections
import Models
import NN

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

    private(set) var entries: TreeDictionary<String, Entry> = [:]
    private(set) var names = SortedNames()
    /// The modules that refer to a module, by its name.
    private var users: TreeDictionary<String, TreeSet<String>> = [:]
    /// No name ever had a version beyond this one when it was deleted; new names begin above it.
    private var floor = 0
    /// The count of changes.
    private(set) var revision = 0
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

    /// The bytes of current versions.
    var byteCount: Int { live.byteCount }
    /// The bytes that only versions before the current ones hold.
    var keptVersionBytes: Int { kept.byteCount - live.byteCount }

    /// The version that `name` would get next.
    func nextVersion(of name: String) -> Int {
        (entries[name]?.current.version ?? floor) + 1
    }

    /// Returns the current version of `name` if `precondition` holds.
    func current(_ name: String, when precondition: Precondition) throws(ServingError) -> Publication {
        let publication = entries[name]?.current
        try precondition.check(name, current: publication?.version)
        guard let publication else { throw .unknownModule(name) }
        return publication
    }

    /// The names whose modules refer to `name`, sorted.
    func users(of name: String) -> [String] {
        (users[name] ?? []).sorted()
    }

    // MARK: Changes

    /// Counts a change.
    mutating func advance() -> Int {
        revision += 1
        return revision
    }

    /// Makes `publications` current; the state is of no use after an error.
    mutating func publish(_ publications: [Publication], limits: ServingLimits) throws(ServingError) {
        let olds = publications.compactMap { entries[$0.name]?.current }
        live.replace(olds, by: publications)
        guard live.byteCount <= limits.maxBytes else {
            throw .limitExceeded(.bytes, limit: limits.maxBytes, requested: live.byteCount)
        }
        var gone: [Publication] = []
        for publication in publications {
            refer(from: publication.name, entries[publication.name]?.current, publication)
            if entries[publication.name] == nil { names.insert(publication.name) }
            gone += enter(publication, keeping: max(1, limits.keptVersions) - 1)
        }
        kept.replace(gone, by: publications)
        evict(to: limits.maxKeptVersionBytes)
    }

    /// Makes `publication` the current one of its name.
    /// - Returns: The versions that are too many.
    private mutating func enter(_ publication: Publication, keeping count: Int) -> [Publication] {
        guard var entry = entries[publication.name] else {
            entries[publication.name] = Entry(current: publication)
            return []
        }
        entry.previous.append(Retired(publication: entry.current, place: retiredPlaces.upperBound))
        retired[retiredPlaces.upperBound] = publication.name
        retiredPlaces = retiredPlaces.lowerBound..<retiredPlaces.upperBound + 1
        entry.current = publication
        let excess = entry.previous.prefix(max(0, entry.previous.count - count))
        entry.previous.removeFirst(excess.count)
        entries[publication.name] = entry
        for old in excess { retired[old.place] = nil }
        return excess.map(\.publication)
    }

    /// Lets the oldest versions go until all together hold few enough bytes.
    private mutating func evict(to limit: Int) {
        while let place = retiredPlaces.first, keptVersionBytes > limit || retired[place] == nil {
            retiredPlaces = place + 1..<retiredPlaces.upperBound
            guard let name = retired.removeValue(forKey: place), var entry = entries[name] else { continue }
            let gone = entry.previous.filter { $0.place == place }
            entry.previous.removeAll { $0.place == place }
            entries[name] = entry
            kept.replace(gone.map(\.publication), by: [])
        }
    }

    /// Removes `name`.
    mutating func remove(_ name: String) {
        guard let entry = entries.removeValue(forKey: name) else { return }
        names.remove(name)
        refer(from: name, entry.current, nil)
        floor = max(floor, entry.current.version)
        live.replace([entry.current], by: [])
        kept.replace(entry.publications, by: [])
        for old in entry.previous { retired[old.place] = nil }
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
    }

    mutating func removeGlobalHook(_ id: Int) throws(ServingError) {
        guard globalHooks.contains(where: { $0.record.id == id }) else { throw .unknownHook(id) }
        globalHooks.removeAll { $0.record.id == id }
        globalSnapshot = HookSnapshot()
        for hook in globalHooks { hook.installation.add(to: &globalSnapshot) }
    }

    // MARK: Reservations

    /// What a change needs that is not there yet.
    struct Reservation: Sendable {
        var modules = 0
        var byteCount = 0
    }

    /// Sets room aside before memory is taken.
    mutating func reserve(_ wanted: Reservation, limits: ServingLimits) throws(ServingError) {
        let modules = entries.count + reserved.modules + wanted.modules
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
