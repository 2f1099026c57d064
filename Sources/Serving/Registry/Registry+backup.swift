import HashTreeCollections
package import Store
import Synchronization

/// The one backup that may be under way; it is over when nobody has this any more.
package final class BackupPlace: Sendable {
    private let isTaken: TakenFlag

    fileprivate init(_ isTaken: TakenFlag) {
        self.isTaken = isTaken
    }

    deinit { isTaken.value.store(false, ordering: .releasing) }
}

/// Whether a backup is under way.
final class TakenFlag: Sendable {
    let value = Atomic<Bool>(false)
}

extension Registry {
    /// Returns the place of a backup; `nil` while another one is under way.
    package func takeBackupPlace() -> BackupPlace? {
        let (isFree, _) = backupIsUnderWay.value.compareExchange(
            expected: false,
            desired: true,
            ordering: .acquiringAndReleasing
        )
        return isFree ? BackupPlace(backupIsUnderWay) : nil
    }

    /// Returns all that the registry holds at this moment; changes go on meanwhile.
    package func backup() async throws -> Backup {
        guard let store, !isShared else { return try await backupOfMemory() }
        return try await betweenChanges { [self] in
            let state = state.withLock { $0 }
            do throws(StoreError) {
                return Backup(of: try store.moment(), damaged: state.damaged.keys.sorted(), leavingOut: state.isStray)
            } catch { throw ServingError(error) }
        }
    }

    private func backupOfMemory() async throws -> Backup {
        let (state, instance) = (state.withLock { $0 }, instance)
        return try await build {
            Backup(
                instance: instance,
                revision: state.revision,
                counters: state.counters,
                damaged: state.damaged.keys.sorted(),
                steps: try ChangeWriter(written: nil, store: nil).everything(in: state)
            )
        }
    }
}
