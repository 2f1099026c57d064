import Foundation
import OrderedCollections
import Store
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

/// Changes that are made while a commit waits for the disk.
@Suite(.timeLimit(.minutes(2)))
struct CommitTests {
    private let folder = DataFolder()

    /// A store on which commits take a while, and some of them find no room.
    private final class SlowStore: RegistryStore {
        private let store: Store
        /// Whether a commit fails, by its number.
        private let fails: @Sendable (Int) -> Bool
        private let count = Mutex(0)

        init(_ store: Store, fails: @escaping @Sendable (Int) -> Bool) {
            (self.store, self.fails) = (store, fails)
        }

        func commit(_ changes: [PreparedChange], counters: StoreCounters) throws(StoreError) -> Int {
            let number = count.withLock { count in
                count += 1
                return count
            }
            usleep(5_000)
            if fails(number) { throw .full }
            return try store.commit(changes, counters: counters)
        }

        var path: String { store.path }
        var instance: String { store.instance }
        var revision: Int { store.revision }
        var counters: StoreCounters { store.counters }
        var syncTime: Duration? { store.syncTime }
        var failure: String? { store.failure }
        func byteCount() throws(StoreError) -> Int { try store.byteCount() }
        func records() throws(StoreError) -> [StoreRecord] { try store.records() }
        func parts(of name: String, version: Int) throws(StoreError) -> StoredParts {
            try store.parts(of: name, version: version)
        }
        func moment() throws(StoreError) -> StoredMoment { try store.moment() }
        func write(_ source: any PartSource) throws(StoreError) -> StoredFile { try store.write(source) }
        func prepare(_ change: StoreChange) throws(StoreError) -> PreparedChange { try store.prepare(change) }
        func tidy() { store.tidy() }
        func sweep() { store.sweep() }
        func close() { store.close() }
        var hint: [String] { store.hint }
        func keepHint(_ names: [String]) { store.keepHint(names) }
    }

    /// What each module is: its version and the number of its bias.
    private func content(_ registry: Registry) async throws -> [String: String] {
        var found: [String: String] = [:]
        for name in Self.names {
            let moduleVersion = try await registry.module(name)
            let bias = try #require(moduleVersion.stateDict["bias"])
            found[name] = "\(moduleVersion.version): \(bias.text())"
        }
        return found
    }

    private static let names = (0..<8).map { "m\($0)" }

    @Test(arguments: [0, 2, 3])
    func whatIsMadeOnTopOfAFailedCommitIsMadeAnew(everyNth nth: Int) async throws {
        let seen: [String: String]
        do {
            let store = SlowStore(try Store(path: folder.path)) { $0 > 20 && nth > 0 && $0 % nth == 0 }
            let registry = try Registry(store: store)
            for name in Self.names { try await registry.add(name, .linear(2, 2)) }
            let counts = await withTaskGroup(of: (name: String, done: Int, refused: Int).self) { group in
                for name in Self.names {
                    group.addTask {
                        var (done, refused) = (0, 0)
                        for value in 1...40 {
                            let bias = try? Tensor([Float](repeating: Float(value), count: 2))
                            do {
                                let changed = try await registry.setParameter("bias", of: name, to: bias)
                                done += 1
                                // Whoever was answered sees it, and nobody's change comes between.
                                if changed.version != done + 1 { refused = 1_000 }
                                if (try? await registry.module(name))?.version != done + 1 { refused = 1_000 }
                            } catch ServingError.insufficientStorage {
                                refused += 1
                            } catch { refused = 1_000 }
                        }
                        return (name, done, refused)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for count in counts { #expect(count.done + count.refused == 40, "\(count)") }
            #expect(counts.contains { $0.refused > 0 } == (nth > 0))
            seen = try await content(registry)
            await registry.close()
        }
        let again = try await folder.use { try await content($0) }
        #expect(again == seen)
    }
}
