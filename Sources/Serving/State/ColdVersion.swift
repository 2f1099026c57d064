import Models
import Synchronization

/// A version whose tensors are on the disk: what a list shows of it, and what must outlast the time in which they are.
final class ColdVersion: Sendable {
    let name: String
    let version: Int
    /// PyTorch's class name of the root.
    let typeName: String
    /// The versions that stand in it, by their names.
    let references: [String: Int]
    /// The calls under way of all versions of the module.
    let activity: CallActivity
    private let memory: Mutex<Memory>

    /// What calls and hooks have gathered.
    private struct Memory {
        var hooks: [HookRecord] = []
        var statistics: CallStatistics?
        var hasBatchAxis = false
    }

    /// Creates a version that was not loaded yet.
    init(_ id: VersionID, typeName: String, references: [String: Int], activity: CallActivity) {
        (name, version) = (id.name, id.version)
        self.typeName = typeName
        self.references = references
        self.activity = activity
        memory = Mutex(Memory())
    }

    /// Creates what stays of a version when its tensors are let go.
    init(_ moduleVersion: ModuleVersion) {
        (name, version, typeName) = (moduleVersion.name, moduleVersion.version, moduleVersion.typeName)
        references = moduleVersion.references.mapValues(\.version)
        activity = moduleVersion.activity
        let memory = Memory(
            hooks: moduleVersion.installedHooks,
            statistics: moduleVersion.callStatistics,
            hasBatchAxis: moduleVersion.callStatistics.lastCall > 0 && moduleVersion.hasBatchAxis
        )
        self.memory = Mutex(memory)
    }

    var id: VersionID { VersionID(name, version) }

    /// What its calls have done since the start.
    var callStatistics: CallStatistics {
        memory.withLock { memory in
            let statistics = memory.statistics ?? CallStatistics()
            memory.statistics = statistics
            return statistics
        }
    }

    /// What its calls have done since the start.
    var statistics: CallStatistics.Snapshot {
        let (statistics, hasBatchAxis) = memory.withLock { ($0.statistics, $0.hasBatchAxis) }
        let snapshot = statistics?.snapshot ?? CallStatistics.Snapshot()
        return hasBatchAxis ? snapshot : snapshot.withoutBatches
    }

    /// Returns the hook `id` as it is known; `nil` if nobody asked for it since the start.
    func hook(_ id: Int) -> HookRecord? {
        memory.withLock { $0.hooks.first { $0.id == id } }
    }

    /// Returns the one record of a hook: `hook`, if it is the first.
    func theRecord(of hook: HookRecord) -> HookRecord {
        memory.withLock { memory in
            if let known = memory.hooks.first(where: { $0.id == hook.id }) { return known }
            memory.hooks.append(hook)
            return hook
        }
    }
}
