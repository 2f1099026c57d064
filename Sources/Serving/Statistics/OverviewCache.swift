import Synchronization
package import Tensors
import Threads

/// Tensors at a glance: each is looked at once for all who ask, and kept for every version that shares the tensor.
package final class OverviewCache: Sendable {
    fileprivate struct Key: Hashable {
        let owner: ObjectIdentifier
        let address: UInt
        let shape: Shape
        let dtype: DType
        let form: TensorOverview.Form
    }

    fileprivate struct Entry {
        /// What keeps the bytes; once it is gone, another may have its identity and address.
        weak var owner: (any AnyObject & Sendable)?
        let task: Task<TensorOverview, Never>
        let byteCount: Int
        var lastUse: UInt64
    }

    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        var byteCount = 0
        var uses: UInt64 = 0
    }

    /// Where they are looked at: a large tensor takes its time.
    private static let threads = WorkThreads("callpath.registry.overviews", width: ProcessorCount.available)

    private let limit: Int
    private let state = Mutex(State())

    /// Creates a cache of at most `limit` bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// The bytes of what is kept.
    var byteCount: Int { state.withLock(\.byteCount) }

    /// Returns `tensor` at a glance.
    package func overview(of tensor: Tensor, _ form: TensorOverview.Form) async -> TensorOverview {
        let address = tensor.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        let owner = tensor.storageOwner
        let key = Key(
            owner: ObjectIdentifier(owner),
            address: address,
            shape: tensor.shape,
            dtype: tensor.dtype,
            form: form
        )
        let task = state.withLock { state in
            state.uses += 1
            if let known = state.entries[key], known.owner != nil {
                state.entries[key]?.lastUse = state.uses
                return known.task
            }
            let task = Task { @concurrent in await Self.threads.run { tensor.overview(form) } }
            state.insert(Entry(owner: owner, task: task, byteCount: form.byteCount, lastUse: state.uses), key, limit)
            return task
        }
        return await task.value
    }
}

extension OverviewCache.State {
    /// Adds an entry, and lets those go that nobody can ask for any more and those that were not asked for longest.
    fileprivate mutating func insert(_ entry: OverviewCache.Entry, _ key: OverviewCache.Key, _ limit: Int) {
        entries = entries.filter { $0.value.owner != nil }
        entries[key] = entry
        byteCount = entries.values.reduce(0) { $0 + $1.byteCount }
        while byteCount > limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            byteCount -= oldest.value.byteCount
            entries[oldest.key] = nil
        }
    }
}
