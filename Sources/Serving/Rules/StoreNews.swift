/// What a log says of the way to a shared store.
package enum StoreNews: Sendable {
    /// It can be reached no longer.
    case lost(reason: String)
    /// It can be reached again, or for the first time.
    case found
    /// It can be reached, and refused a change for a reason that is not the change's.
    case refused(reason: String)
    /// It has lost versions that were seen here.
    case changesLost(Int)
    /// A module cannot be read.
    case damaged(name: String, reason: String)
}
