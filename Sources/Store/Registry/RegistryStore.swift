/// Where a registry is written down: records of bytes with their versions, which are there once a commit has returned.
///
/// It knows bytes and not modules. Commits come one after another; parts are written and read beside them.
package protocol RegistryStore: Sendable {
    /// Where it is, for people.
    var path: String { get }
    /// 32 random hexadecimal digits that no other registry has.
    var instance: String { get }
    /// The count of changes so far, as of the last commit.
    var revision: Int { get }
    /// The numbers that must never go back, as of the last commit.
    var counters: StoreCounters { get }
    /// How long the last commit took that would have taken as long with fewer changes; `nil` where that cannot be told.
    var syncTime: Duration? { get }
    /// Why there are no changes; `nil` while there are.
    var failure: String? { get }
    /// The bytes that all of it takes.
    func byteCount() throws(StoreError) -> Int

    /// Returns the headers of all versions of all records, by name and then by version.
    func records() throws(StoreError) -> [StoreRecord]
    /// Returns the parts of a version; what it names stays as long as they are held.
    func parts(of name: String, version: Int) throws(StoreError) -> StoredParts
    /// Returns what is there now, between two commits; as long as it is held, nothing of it goes.
    func moment() throws(StoreError) -> StoredMoment

    /// Writes a part as a file before its change, beside whatever else goes on.
    func write(_ source: any PartSource) throws(StoreError) -> StoredFile
    /// Writes the files of a change, beside whatever else goes on; nobody sees them before the commit.
    func prepare(_ change: StoreChange) throws(StoreError) -> PreparedChange
    /// Makes changes durable, all or none, and returns the revision that they lead to.
    func commit(_ changes: [PreparedChange], counters: StoreCounters) throws(StoreError) -> Int
    /// Does what can be done once the answers are on their way.
    func tidy()
    /// Removes what an earlier process left behind.
    func sweep()
    /// Comes to rest after the last change.
    func close()

    /// The names that were kept for this start.
    var hint: [String] { get }
    /// Keeps some names for the next start, the most important first; it does well without them.
    func keepHint(_ names: [String])
}

extension RegistryStore {
    package var syncTime: Duration? { nil }
}

extension Store: RegistryStore {}
