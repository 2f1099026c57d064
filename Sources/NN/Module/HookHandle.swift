import Synchronization

/// What a registration returns: the way to take the hook away again.
///
/// It does not keep the module alive, and can be used on any thread, also while the hook runs.
public final class HookHandle: Sendable {
    /// The hook's number in one count over all kinds of hooks of the process.
    public let id: Int
    private weak let anchor: HookAnchor?

    private static let lastID = Atomic<Int>(-1)

    init(anchor: HookAnchor) {
        id = Self.nextID()
        self.anchor = anchor
    }

    /// Takes the next number of the count, for a hook that is kept elsewhere.
    public static func nextID() -> Int {
        lastID.add(1, ordering: .relaxed).newValue
    }

    /// Keeps the numbers below `id` for hooks that were registered before this process began.
    package static func keepIDs(below id: Int) {
        lastID.max(id - 1, ordering: .relaxed)
    }

    /// Removes the hook; does nothing if it is gone already, or its module is.
    public func remove() {
        anchor?.tables.remove(.registered(id))
    }

    /// Runs `body` and removes the hook after it, also when it throws.
    public func whileRegistered<Result>(_ body: () throws -> Result) rethrows -> Result {
        defer { remove() }
        return try body()
    }
}

/// What handles refer to in place of the tables: it lives as long as the module does.
///
/// Swift counts references more slowly to what was ever referred to weakly, and a call counts those to the tables.
final class HookAnchor: Sendable {
    let tables: HookTables

    init(_ tables: HookTables) {
        self.tables = tables
    }
}
