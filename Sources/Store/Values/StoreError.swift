/// What the store refuses or cannot do, as facts.
package enum StoreError: Error, Equatable {
    // Why a folder does not open.
    case missing(path: String)
    case inUse(path: String, pid: String)
    case notUsable(DiskError)
    /// The folder holds what this program never made.
    case foreign(path: String, what: String)
    case newerSchema(found: Int, known: Int)
    /// The index cannot be trusted as a whole.
    case corrupt(path: String, reason: String)

    // Why a change did not happen.
    /// No room on the disk; nothing changed, and it may work later.
    case full
    /// More bytes than the folder may have; nothing changed.
    case limit(byteCount: Int, requested: Int)
    /// The disk failed; there are no changes until a restart.
    case failed(reason: String, outcome: StoreOutcome)

    /// Somebody else has changed the shared registry; the change has to be made anew.
    case conflict
    /// The shared registry is out of reach.
    case unreachable(reason: String, outcome: StoreOutcome)

    // Why something cannot be read.
    case damaged(reason: String)
    /// The process is short of descriptors or memory; the disk is well.
    case shortage(DiskError)

    // Why a backup is none.
    case badBackup(reason: String)
    case notEmpty(path: String)

    /// What happened, in words.
    package var message: String {
        switch self {
        case .missing(let path): "'\(path)' does not exist or holds no registry"
        case .inUse(let path, let pid): "'\(path)' is in use by process \(pid)"
        case .notUsable(let error): "\(error)"
        case .foreign(let path, let what): "'\(path)' holds \(what), which is not callpath's"
        case .newerSchema(let found, let known):
            "the registry has schema \(found) of a newer callpath; this one knows \(known)"
        case .corrupt(let path, let reason): "'\(path)' is damaged (\(reason)); `callpath verify` lists what is"
        case .full: "the disk has no room"
        case .limit(let byteCount, let requested):
            "the registry's folder may have \(byteCount) bytes, this needs \(requested)"
        case .failed(let reason, _): "the registry's disk failed (\(reason)); no changes until a restart"
        case .conflict: "others change the same modules all the time"
        case .unreachable(let reason, _): "the registry's database is out of reach: \(reason)"
        case .damaged(let reason): reason
        case .shortage(let error): "\(error)"
        case .badBackup(let reason): "this is not a whole backup: \(reason)"
        case .notEmpty(let path): "'\(path)' is not empty"
        }
    }
}

/// What is known of a change that failed.
package enum StoreOutcome: String, Sendable {
    case unchanged
    case unknown
}
