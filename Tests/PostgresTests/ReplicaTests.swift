import Foundation
import OrderedCollections
import Store
import Tensors
import Testing

@testable import Models
@testable import Postgres
@testable import Serving

/// Several registries on one database.
@Suite(.enabled(if: Cluster.isInstalled), .timeLimit(.minutes(2)))
struct ReplicaTests {
    private let database: TestDatabase

    init() throws {
        database = try #require(Cluster.shared).newDatabase()
    }

    private static func hook(scale: Double, module: String = "") -> HookDescription {
        var hook = HookDescription(kind: .forward, action: .scale(.double(scale)))
        hook.module = module
        return hook
    }

    @Test func oneSeesWhatAnotherHasAcknowledged() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        #expect(one.instance == other.instance)
        let made = try await one.add("fc", .linear(2, 2))
        try await other.catchUp(with: one)
        let seen = try other.moduleVersion("fc")
        #expect((seen.version, seen.revision) == (1, made.revision))
        #expect(try await other.call("fc", [1, 2]) == one.call("fc", [1, 2]))
        try await other.setBias(of: "fc", to: 7)
        try await one.catchUp(with: other)
        #expect(try one.moduleVersion("fc").version == 2)
        #expect(try await other.call("fc", [1, 2]) == one.call("fc", [1, 2]))
    }

    @Test func aLookTakesNothingBackThatWasChangedSinceItBegan() async throws {
        // It looks only when it is told to.
        let one = try await database.replica(interval: .seconds(3_600))
        let store = try #require(one.shared)
        for name in ["changed", "gone", "same"] { try await one.add(name, .linear(2, 2)) }
        let look = try #require(try store.look(mayBeFull: false))
        #expect(Set(look.names.map(\.name)) == ["changed", "gone", "same"])
        try await one.setBias(of: "changed", to: 7)
        try await one.delete("gone")
        try await one.add("new", .linear(2, 2))
        let revision = one.facts.revision
        #expect(store.namesAhead(of: look) == ["changed", "gone", "new"])
        let seen = try one.everything
        try one.changes.sync { try one.show(look, of: store) }
        #expect(try one.everything == seen)
        #expect(one.facts.revision == revision)
        #expect(one.hasApplied([revision]))
        // A later look has seen all of it, and of two the later one counts.
        let last = try #require(try store.look(mayBeFull: false))
        #expect(store.namesAhead(of: last) == [])
        try one.changes.sync { try one.show(last, of: store) }
        #expect(try one.everything == seen)
        #expect(store.namesAhead(of: look) == nil)
        withExtendedLifetime(one) {}
    }

    @Test func eachKindOfChangeIsFollowed() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        func compare(_ what: Comment, _ change: () async throws -> Void) async throws {
            try await change()
            try await other.catchUp(with: one)
            #expect(try one.everything == other.everything, what)
        }
        try await compare("create") { try await one.add("fc", .linear(2, 2)) }
        try await compare("refer") { try await one.add("net", .references("fc")) }
        try await compare("refer again") { try await one.add("outer", .references("net", "fc")) }
        try await compare("set") { try await one.setBias(of: "fc", to: 3) }
        try await compare("none") { _ = try await one.setParameter("bias", of: "fc", to: nil) }
        try await compare("set again") { try await one.setBias(of: "fc", to: 4) }
        try await compare("load") {
            let weight = try Tensor([0, 1, 1, 0] as [Float], shape: Shape(checking: [2, 2]))
            _ = try await one.loadStateDict(["0.weight": weight], into: "net", strict: false)
        }
        var hook = 0
        try await compare("hook") {
            hook = try await one.registerHook(Self.hook(scale: 2), on: "fc").hook.id
        }
        try await compare("hook below") {
            _ = try await one.registerHook(Self.hook(scale: 3, module: "0"), on: "net")
        }
        #expect(try await other.call("outer", [1, 2]) == one.call("outer", [1, 2]))
        try await compare("no hook") { _ = try await one.removeHook(hook, from: "fc") }
        var global = 0
        try await compare("global hook") {
            global = try await one.registerGlobalHook(Self.hook(scale: 5)).hook.id
        }
        #expect(try await other.call("outer", [1, 2]) == one.call("outer", [1, 2]))
        try await compare("no global hook") { _ = try await one.removeGlobalHook(global) }
        try await compare("remove") { _ = try await one.delete("outer") }
        try await compare("create again") { try await one.add("outer", .references("net")) }
        #expect(try other.moduleVersion("outer").version > 1)
        // A third one that begins now has it all from the database.
        let late = try await database.replica()
        #expect(try late.everything == one.everything)
    }

    /// A hook keeps what it has counted when another replica changes the module.
    @Test func whatHooksHaveGatheredStays() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("fc", .linear(2, 2))
        let hook = HookDescription(kind: .forward, action: .statistics)
        let id = try await one.registerHook(hook, on: "fc").hook.id
        try await other.catchUp(with: one)
        _ = try await other.call("fc", [1, 2])
        try await one.setBias(of: "fc", to: 3)
        try await other.catchUp(with: one)
        #expect(try other.moduleVersion("fc").hook(id).record.statistics?.count == 2)
        #expect(try one.moduleVersion("fc").hook(id).record.statistics?.count == 0)
    }

    @Test func changesOfOneModuleComeOneAfterAnother() async throws {
        let replicas = try await [database.replica(), database.replica(), database.replica()]
        try await replicas[0].add("fc", .linear(2, 2))
        for replica in replicas { try await replica.catchUp(with: replicas[0]) }
        let versions = try await withThrowingTaskGroup(of: [Int].self) { group in
            for (index, replica) in replicas.enumerated() {
                group.addTask {
                    var versions: [Int] = []
                    for round in 0..<20 {
                        do {
                            let made = try await replica.setBias(of: "fc", to: Float(index * 100 + round))
                            versions.append(made.version)
                        } catch ServingError.overloaded {
                            // Others were faster five times; nothing has happened.
                        }
                    }
                    return versions
                }
            }
            return try await group.reduce(into: [[Int]]()) { $0.append($1) }
        }
        let all = versions.flatMap(\.self)
        #expect(Set(all).count == all.count)
        #expect(all.sorted() == Array(2..<all.count + 2))
        #expect(versions.allSatisfy { $0 == $0.sorted() })
        for replica in replicas {
            for other in replicas { try await replica.catchUp(with: other) }
            #expect(try replica.everything == replicas[0].everything)
        }
    }

    /// Those who come while a commit is under way go together in the next one, each version made of the one before.
    @Test func manyVersionsOfOneNameGoTogether() async throws {
        let replica = try await database.replica()
        try await replica.add("fc", .linear(2, 2))
        try await withThrowingTaskGroup { group in
            for value in 0..<40 { group.addTask { _ = try await replica.setBias(of: "fc", to: Float(value)) } }
            try await group.waitForAll()
        }
        #expect(try replica.moduleVersion("fc").version == 41)
        let commits = try database.run("SELECT count(*)::text FROM callpath.request")
        #expect(Int(commits[0]) ?? 41 < 41)
        let other = try await database.replica()
        #expect(try other.everything == replica.everything)
    }

    @Test func onlyOneCreatesAName() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        for round in 0..<10 {
            async let first = servingError { try await one.add("m\(round)", .linear(2, 2), seed: 1) }
            async let second = servingError { try await other.add("m\(round)", .linear(2, 2), seed: 2) }
            let errors = await [first, second].compactMap(\.self)
            #expect(errors == [.nameTaken("m\(round)")])
        }
    }

    @Test func aStaleVersionIsRefusedAnywhere() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("fc", .linear(2, 2))
        try await other.catchUp(with: one)
        try await one.setBias(of: "fc", to: 1)
        let error = await servingError { try await other.setBias(of: "fc", to: 2, when: .version([1])) }
        #expect(error == .staleVersion(module: "fc", expected: [1], current: 2))
        #expect(try await other.setBias(of: "fc", to: 2, when: .version([2])).version == 3)
    }

    /// A network never keeps a version of what it refers to that was replaced while it was made.
    @Test func referencesAreNeverTorn() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("base", .linear(2, 2))
        try await other.catchUp(with: one)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 0..<15 { _ = try? await one.setBias(of: "base", to: Float(round)) }
            }
            group.addTask {
                for round in 0..<15 { _ = try? await other.add("net\(round)", .references("base")) }
            }
            try await group.waitForAll()
        }
        let late = try await database.replica()
        for replica in [one, other, late] {
            try await replica.catchUp(with: one)
            try await replica.catchUp(with: other)
            let base = try replica.moduleVersion("base")
            let nets = replica.modules(prefix: "net")
            #expect(nets.count > 5)
            for net in nets { #expect(net.references["base"] === base, "\(net.name)") }
            #expect(try replica.everything == late.everything)
        }
    }

    @Test func aModuleInUseCannotGoAnywhere() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("base", .linear(2, 2))
        try await other.catchUp(with: one)
        try await one.add("net", .references("base"))
        let error = await servingError { try await other.delete("base") }
        #expect(error == .inUse("base", by: ["net"]))
    }

    @Test func versionsGoOnAfterADeletionElsewhere() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("fc", .linear(2, 2))
        for value in 1...4 { try await one.setBias(of: "fc", to: Float(value)) }
        try await other.catchUp(with: one)
        try await one.delete("fc")
        await other.freshen()
        #expect(try await other.add("fc", .linear(2, 2)).version == 6)
        // The floor is written down when the deletion is forgotten.
        try await other.delete("fc")
        try database.run("UPDATE callpath.module SET at = now() - interval '2 days'")
        try database.run("SELECT callpath.sweep()")
        #expect(try database.run("SELECT count(*)::text FROM callpath.module") == ["0"])
        let late = try await database.replica()
        #expect(try await late.add("fc", .linear(2, 2)).version == 7)
    }

    @Test func hookNumbersAreDrawnForAll() async throws {
        let (one, other) = try await (database.replica(), database.replica())
        try await one.add("fc", .linear(2, 2))
        try await other.catchUp(with: one)
        var ids: Set<Int> = []
        for _ in 0..<5 {
            ids.insert(try await one.registerHook(Self.hook(scale: 1), on: "fc").hook.id)
            ids.insert(try await other.registerHook(Self.hook(scale: 1), on: "fc").hook.id)
        }
        #expect(ids.count == 10)
    }

    /// By what is different, as all of them see it.
    @Test func eachTellsItsListenersWhatAnyOneChanged() async throws {
        let replicas = try await [database.replica(), database.replica()]
        try await replicas[0].add("fc", .linear(2, 2))
        try await replicas[0].add("net", .references("fc"))
        try await replicas[1].catchUp(with: replicas[0])
        let listeners = try replicas.map { try $0.events.listen(EventFilter(kinds: [.change])) }
        var heard: [[String]] = [[], []]
        /// Takes what a change has both say; the other one sees it a little later.
        func note(_ count: Int) async {
            for (index, listener) in listeners.enumerated() {
                var found: [String] = []
                while found.count < count {
                    guard case .event(let event, _) = await listener.next(within: .seconds(20)),
                        case .change(let kind) = event.content
                    else {
                        Issue.record("\(found) of \(count)")
                        return
                    }
                    found.append("\(event.name)@\(event.version) \(kind)")
                }
                heard[index] += found.sorted()
            }
        }
        try await replicas[0].setBias(of: "fc", to: 1)
        await note(2)
        _ = try await replicas[1].setParameter("0.bias", of: "net", to: nil)
        await note(2)
        let hook = HookDescription(kind: .forward, module: "", action: .statistics)
        let id = try await replicas[0].registerHook(hook, on: "net").hook.id
        await note(1)
        _ = try await replicas[1].removeHook(id, from: "net")
        await note(1)
        try await replicas[1].add("other", .linear(2, 2))
        await note(1)
        let state: OrderedDictionary = [
            "weight": try Tensor([1, 2, 3, 4] as [Float]).reshaped(to: [2, 2]), "bias": try Tensor([1, 2] as [Float]),
        ]
        _ = try await replicas[0].loadStateDict(state, into: "other", strict: true)
        await note(1)
        try await replicas[0].delete("net")
        await note(1)
        #expect(
            heard[0] == [
                "fc@2 setTensor", "net@2 reference", "fc@3 setTensor", "net@3 reference", "net@4 addHook",
                "net@5 removeHook", "other@1 put", "other@2 loadStateDict", "net@5 remove",
            ]
        )
        #expect(heard[0] == heard[1])
        // Nobody follows for a registry that is gone.
        withExtendedLifetime(replicas) {}
    }
}
