/// A registry that several processes share.
///
/// What was applied is one moment of it: a look tells what others have changed since, and a commit succeeds only if what it
/// was made of is so still.
package protocol SharedStore: RegistryStore {
    /// Begins a commit, and returns the revision that all of its changes are going to have.
    func begin() throws(StoreError) -> Int
    /// Ends what `begin` began without a commit.
    func abandon()
    /// Makes changes durable, all or none.
    ///
    /// - Throws: `StoreError.conflict` if somebody else was faster.
    func commit(_ changes: [PreparedChange], _ terms: SharedTerms) throws(StoreError)
    /// Writes all that a registry holds into an empty one, all or none.
    func fill(_ changes: [(StoreChange, SharedTerms)], counters: StoreCounters) throws(StoreError)
    /// Tells the others that there is something to see, once the answers are on their way.
    func announce()
    /// Tells them now what there is to tell, where nobody waits for a notice that would do so.
    func tellOthers()

    /// Returns what was changed since what was applied last, at one moment; everything at first, and when that cannot be told.
    ///
    /// Commits may go on beside it.
    /// - Returns: `nil` where it has to be everything, and must not.
    func look(mayBeFull: Bool) throws(StoreError) -> StoreLook?
    /// Returns the names that this process has changed since a look began, of which it may say less than everybody sees; `nil`
    /// if a later look is what everybody sees.
    func namesAhead(of look: StoreLook) -> Set<String>?
    /// Has the next look find everything.
    func lookAtAllNext()
    /// Returns what an earlier process of this replica saw last, where that was kept: for a start without the store.
    func keptLook() -> StoreLook?
    /// Keeps what was applied for such a start.
    func keep(_ look: StoreLook)
    /// Notes that what a look has found is what everybody sees.
    func didApply(_ look: StoreLook)
    /// Notes that everybody sees a commit of this process, which changed `names`.
    func didApply(revision: Int, of names: Set<String>)
    /// Draws a new instance in place of the one that is given, unless somebody has done so: what it gave tags to was lost.
    func renew(_ instance: String) throws(StoreError)
    /// Whether what a revision stands for is what everybody sees.
    func hasApplied(_ revision: Int) -> Bool

    /// Waits until another process may have changed something, but not for ever.
    func awaitNotice() -> StoreNotice
    /// Ends the waiting for good.
    func stop()

    /// Takes the next number of the hooks of all processes.
    func nextHookID() throws(StoreError) -> Int
    /// How it stands with the way to it.
    var contact: StoreContact { get }
}

/// Why the waiting for other processes is over.
package enum StoreNotice: Sendable {
    /// It is time for a look.
    case look
    /// There is nothing to look at: the store is out of reach.
    case nothing
    case end
}

/// What has to be so for a commit to succeed, and what it makes of the list of modules.
package struct SharedTerms: Sendable {
    /// A name that a change was made of.
    package struct Held: Sendable {
        package let name: String
        /// The version it has to be at; `nil` if there has to be none.
        package let version: Int?
        /// The version it gets; `nil` for none.
        package let next: Int?
        /// The names of all that refer to it; `nil` if that does not matter.
        package let users: [String]?
        /// Whether others may refer to it at the same time.
        package let isShared: Bool
        /// Whether any version will do.
        package let isAny: Bool

        package init(
            _ name: String,
            version: Int?,
            next: Int? = nil,
            users: [String]? = nil,
            isShared: Bool = false,
            isAny: Bool = false
        ) {
            (self.name, self.version, self.next, self.users) = (name, version, next, users)
            (self.isShared, self.isAny) = (isShared, isAny)
        }
    }

    /// A name whose versions change.
    package struct Touched: Sendable {
        package let name: String
        /// The current version from now on, or the last one of a name that goes; `nil` if only old ones change.
        package let version: Int?
        package let isDeleted: Bool
        /// All that it refers to; `nil` if that stays.
        package let references: [String]?

        package init(_ name: String, version: Int?, isDeleted: Bool = false, references: [String]? = nil) {
            (self.name, self.version, self.isDeleted, self.references) = (name, version, isDeleted, references)
        }
    }

    package var held: [Held] = []
    package var touched: [Touched] = []

    package init() {}
}

/// What a look at a shared registry has found.
package struct StoreLook: Sendable {
    /// A name that was changed since, with its current version, or the last one of a name that is gone.
    package struct Name: Sendable {
        package let name: String
        package let version: Int
        package let isDeleted: Bool
        /// The change that made it so.
        package let revision: Int

        package init(name: String, version: Int, isDeleted: Bool, revision: Int) {
            (self.name, self.version, self.isDeleted, self.revision) = (name, version, isDeleted, revision)
        }
    }

    package let moment: StoreMoment
    /// Whether `names` are all that there are.
    package let isFull: Bool
    package let names: [Name]
    /// All versions of those names.
    package let records: [StoreRecord]
    /// The parts of versions that are new since.
    package let parts: [RecordID: Result<StoredParts, StoreError>]
    /// The highest revision that is in it.
    package let revision: Int
    /// New names begin above it.
    package let floor: Int
    package let instance: String
    /// Looks that began later have higher numbers.
    package let order: Int
    /// How long ago it was; `nil` for one of now.
    package var age: Duration?

    package init(
        moment: StoreMoment,
        isFull: Bool,
        names: [Name],
        records: [StoreRecord],
        parts: [RecordID: Result<StoredParts, StoreError>],
        revision: Int,
        floor: Int,
        instance: String,
        order: Int = 0
    ) {
        (self.moment, self.isFull, self.names, self.records, self.parts) = (moment, isFull, names, records, parts)
        (self.revision, self.floor, self.instance, self.order) = (revision, floor, instance, order)
    }
}

extension StoreLook {
    /// What this look and a later one have found together.
    package func followed(by later: StoreLook) -> StoreLook {
        guard !later.isFull else { return later }
        let newer = Set(later.names.map(\.name))
        let records = records.filter { !newer.contains($0.name) } + later.records
        let ids = Set(records.map { RecordID($0.name, $0.version) })
        return StoreLook(
            moment: later.moment,
            isFull: isFull,
            names: names.filter { !newer.contains($0.name) } + later.names,
            records: records,
            // What a later look does not bring again is what it was.
            parts: parts.filter { ids.contains($0.key) }.merging(later.parts) { _, new in new },
            revision: later.revision,
            floor: later.floor,
            instance: later.instance,
            order: later.order
        )
    }
}

/// A version of a record by its name and number.
package struct RecordID: Sendable, Hashable {
    package let name: String
    package let version: Int

    package init(_ name: String, _ version: Int) {
        (self.name, self.version) = (name, version)
    }
}

/// A moment of a shared registry: which revisions are in it.
package struct StoreMoment: Sendable, Equatable {
    /// All revisions below it are over.
    package let first: Int
    /// None from it on has begun.
    package let end: Int
    /// Those between that are under way.
    package let running: Set<Int>
    /// Where it is of: the cluster, and its timeline.
    package let origin: String

    package init(first: Int, end: Int, running: Set<Int>, origin: String) {
        (self.first, self.end, self.running, self.origin) = (first, end, running, origin)
    }

    package func contains(_ revision: Int) -> Bool {
        revision < first || revision < end && !running.contains(revision)
    }
}

/// How it stands with the way to a shared registry.
package struct StoreContact: Sendable, Equatable {
    /// Whether it was looked at as a whole since the start.
    package var isLoaded = false
    /// Since when it has been out of reach, in seconds since 1970; `nil` while it can be reached.
    package var lostAt: Int?
    /// The time since the last look that succeeded.
    package var age: Duration?
    /// The time between two looks.
    package var interval = Duration.seconds(1)
    /// The longest wait of a change.
    package var timeout = Duration.seconds(10)
    /// The bytes of its tables, as of some minutes ago at most; `nil` before that was looked at.
    package var byteCount: Int?
    /// What becomes of a change that was acknowledged: `replicated`, `local` or `none`.
    package var durability = "local"
    /// How often everything was looked at, changes were built again, and changes of others were lost.
    package var fullLooks = 0
    package var retries = 0
    package var losses = 0

    package init() {}
}
