import OrderedCollections
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

/// Weight, bias and the referring network change together while many call; a call that saw two versions would show.
struct TornVersionTests {
    let registry = Registry()

    private final class Watch: Sendable {
        let isOver = Atomic<Bool>(false)
        let torn = Mutex<[String]>([])
    }

    /// With weight n everywhere and bias n, one layer maps [1, 1] to 3 n, and two of them to 6 n² + n.
    private func state(_ n: Float, _ prefix: String) throws -> [(String, Tensor)] {
        [
            ("\(prefix)weight", try matrix([[n, n], [n, n]])),
            ("\(prefix)bias", try Tensor([n, n] as [Float])),
        ]
    }

    @Test(.timeLimit(.minutes(5))) func noCallSeesTwoVersions() async throws {
        try await registry.add("fc", .linear(2, 2), .init(uniqueKeysWithValues: state(1, "")))
        try await registry.add("net", .sequential(.ref("fc"), .ref("fc")))
        let watch = Watch()
        await withTaskGroup(of: Void.self) { group in
            for name in ["fc", "net", "fc", "net"] {
                group.addTask {
                    while !watch.isOver.load(ordering: .relaxed) {
                        await Task.yield()
                        guard let output = try? await registry.call(name, [1, 1]) else { continue }
                        if !Self.isWhole(output, of: name) { watch.torn.withLock { $0.append("\(name) \(output)") } }
                    }
                }
            }
            group.addTask {
                for n in 1...300 {
                    let name = n.isMultiple(of: 2) ? "fc" : "net"
                    let prefixes = name == "fc" ? [""] : ["0.", "1."]
                    let entries = (try? prefixes.flatMap { try state(Float(n % 50 + 1), $0) }) ?? []
                    _ = try? await registry.loadStateDict(.init(uniqueKeysWithValues: entries), into: name)
                }
                watch.isOver.store(true, ordering: .relaxed)
            }
        }
        #expect(watch.torn.withLock { $0 } == [])
        #expect(try registry.moduleVersion("fc").version == 301)
        #expect(try registry.moduleVersion("net").version == 301)
    }

    private static func isWhole(_ output: [Float], of name: String) -> Bool {
        (1...50).contains { n in
            let expected = Float(name == "fc" ? 3 * n : 6 * n * n + n)
            return output == [expected, expected]
        }
    }

    @Test(.timeLimit(.minutes(5))) func changesAtOnceAllHappen() async throws {
        try await registry.add("fc", .linear(2, 2))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask { _ = try? await registry.setParameter("bias", of: "fc", to: nil) }
            }
        }
        #expect(try registry.moduleVersion("fc").version == 101)
    }

    @Test(.timeLimit(.minutes(5))) func ofManyConditionalChangesOneWins() async throws {
        try await registry.add("fc", .linear(2, 2))
        let won = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let error = await servingError {
                        _ = try await registry.setParameter("bias", of: "fc", to: nil, when: .version([1]))
                    }
                    return error == nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(won == 1)
        #expect(try registry.moduleVersion("fc").version == 2)
    }

    @Test(.timeLimit(.minutes(5))) func namesThatComeAndGoLeaveNothingBehind() async throws {
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for _ in 0..<20 {
                        _ = try? await registry.add("m\(worker)", .linear(8, 8))
                        _ = try? await registry.call("m\(worker)", [Float](repeating: 1, count: 8))
                        _ = try? await registry.delete("m\(worker)")
                    }
                }
            }
        }
        #expect(registry.facts.modules == 0)
        #expect(registry.facts.byteCount == 0)
        #expect(registry.facts.keptVersionBytes == 0)
    }
}
