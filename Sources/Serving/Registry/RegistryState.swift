import Models
import NN

/// What the registry holds at one moment.
struct RegistryState {
    /// A registered name: its current version, and those before it that are still callable, oldest first.
    struct Entry {
        var current: Publication
        var previous: [Publication] = []
    }

    private(set) var entries: [String: Entry] = [:]
    /// No name ever had a version beyond this one when it was deleted; new names begin above it.
    private var floor = 0
    /// Modules and bytes that changes under way are going to need.
    private(set) var reserved = Reservation()
    /// What current versions take.
    private var live = StorageLedger()
    /// What all versions take that are kept.
    private var kept = StorageLedger()
    /// The kept versions before the current ones, the oldest first.
    private var retired: [Publication] = []
    var globalHooks: [GlobalHook] = []
    var globalSnapshot = HookSnapshot()

    /// The bytes of current versions.
    var byteCount: Int { live.byteCount }
    /// The bytes that only versions before the current ones hold.
    var keptVersionBytes: Int { kept.byteCount - live.byteCount }

    /// The version that `name` would get next.
    func nextVersion(of name: String) -> Int {
        (entries[name]?.current.version ?? floor) + 1
    }

    /// The names whose modules refer to `name`, sorted.
    func users(of name: String) -> [String] {
        entries.values.filter { $0.current.references[name] != nil }.map(\.current.name).sorted()
    }

    // MARK: Changes

    /// Makes `publications` current, or changes nothing.
    ///
    /// A publication that begins a new life of its name takes the place of what was there without keeping it.
    /// - Returns: What is held no longer, for the caller to let go outside of the lock.
    mutating func publish(
        _ publications: [Publication],
        limits: ServingLimits
    ) throws(ServingError) -> [Publication] {
        let olds = publications.compactMap { entries[$0.name]?.current }
        for publication in publications { add(publication) }
        for old in olds { live.remove(old) }
        guard live.byteCount <= limits.maxBytes else {
            let requested = live.byteCount
            for old in olds { live.add(old) }
            for publication in publications { forget(publication, isCurrent: true) }
            throw .limitExceeded(.bytes, limit: limits.maxBytes, requested: requested)
        }
        for publication in publications {
            entries[publication.name, default: Entry(current: publication)].current = publication
        }
        for old in olds { entries[old.name]?.previous.append(old) }
        retired += olds
        return evict(limits)
    }

    /// Removes `name`.
    mutating func remove(_ name: String) -> [Publication] {
        guard let entry = entries.removeValue(forKey: name) else { return [] }
        floor = max(floor, entry.current.version)
        forget(entry.current, isCurrent: true)
        for old in entry.previous { forget(old, isCurrent: false) }
        retired.removeAll { $0.name == name }
        return [entry.current] + entry.previous
    }

    private mutating func add(_ publication: Publication) {
        live.add(publication)
        kept.add(publication)
    }

    private mutating func forget(_ publication: Publication, isCurrent: Bool) {
        if isCurrent { live.remove(publication) }
        kept.remove(publication)
    }

    /// Lets old versions go until no name keeps too many and all together hold few enough bytes.
    private mutating func evict(_ limits: ServingLimits) -> [Publication] {
        var gone: [Publication] = []
        let count = max(1, limits.keptVersions) - 1
        for old in retired {
            let tooMany = entries[old.name].map { $0.previous.count > count } ?? true
            guard tooMany || keptVersionBytes > limits.maxKeptVersionBytes else { continue }
            entries[old.name]?.previous.removeAll { $0 === old }
            forget(old, isCurrent: false)
            gone.append(old)
        }
        let ids = Set(gone.map(ObjectIdentifier.init))
        retired.removeAll { ids.contains(ObjectIdentifier($0)) }
        return gone
    }

    // MARK: Reservations

    /// What a change needs that is not there yet.
    struct Reservation {
        var modules = 0
        var byteCount = 0
    }

    /// Sets room aside before memory is taken; `nil` makes none.
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
