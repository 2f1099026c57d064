import Tensors
import Testing

@testable import NN

struct CallContextTests {
    private let log = Log()

    @Test func runsTheHooksOfACallAroundTheOwnOnes() throws {
        let module = Scaling(log)
        module.registerForwardPreHook(log.pre("own"))
        var hooks = CallHooks()
        hooks.add(.forwardPre(log.pre("late")), to: module, id: 0)
        hooks.add(.forwardPre(log.pre("early")), to: module, id: 1, prepend: true)
        var global = HookSnapshot()
        global.add(.forwardPre(log.pre("global")), id: HookHandle.nextID())
        let context = CallContext(hooks: hooks, globalHooks: global)
        _ = try context.run { try module(ones()) }
        _ = try module(ones())
        #expect(log.all == ["global", "early", "own", "late", "forward", "own", "forward"])
    }

    @Test func reachesOnlyTheModuleThatAHookIsFor() throws {
        let network = try Sequential(linear(), linear())
        var hooks = CallHooks()
        hooks.add(.forward { _, _, output in try output * 0 }, to: try network.element(at: 1), id: 0)
        let context = quietContext(hooks: hooks)
        #expect(try context.run { try network(ones()) }.floats == [0, 0])
        #expect(try network(ones()).floats == [17, 36])
    }

    @Test func callsAnAlwaysCalledHookOfTheCall() throws {
        let module = Scaling(log, failing: Failure("boom"))
        var hooks = CallHooks()
        hooks.add(.alwaysCalledForward(log.always("A")), to: module, id: 0)
        let context = quietContext(hooks: hooks)
        #expect(throws: Failure("boom")) { try context.run { try module(ones()) } }
        #expect(log.all == ["forward", "A [[1.0, 1.0]] None"])
    }

    @Test func runsBackwardHooksOfTheCall() throws {
        let layer = try linear()
        var hooks = CallHooks()
        hooks.add(
            .fullBackwardPre { [log] _, _ in
                log.append("pre")
                return nil
            },
            to: layer,
            id: 0
        )
        hooks.add(
            .fullBackward { [log] _, gradInputs, _ in
                log.append("bw \(gradInputs.map { $0?.floats ?? [] })")
                return nil
            },
            to: layer,
            id: 1
        )
        try quietContext(hooks: hooks).run { try layer(ones().requiringGrad()).sum().backward() }
        #expect(log.all == ["pre", "bw [[4.0, 6.0]]"])
    }

    /// A frozen module is called from many threads at once while others add and remove hooks elsewhere.
    @Test func keepsConcurrentCallsApart() async throws {
        await withTaskGroup(of: [Float].self) { group in
            for number in 0..<64 {
                group.addTask {
                    guard let layer = try? linear() else { return [] }
                    var hooks = CallHooks()
                    hooks.add(.forward { _, _, output in try output * Double(number) }, to: layer, id: 0)
                    let context = quietContext(hooks: hooks)
                    return (try? context.run { try layer(ones()).floats }) ?? []
                }
            }
            var results: [[Float]] = []
            for await result in group { results.append(result) }
            let expected = (0..<64).map { [3.5 * Float($0), 6.5 * Float($0)] }
            #expect(results.sorted { $0[0] < $1[0] } == expected)
        }
    }

    /// One published module is called from many tasks, each with hooks of its own, while its handles are removed.
    @Test func letsManyCallsShareAModule() async throws {
        let layer = try linear()
        let handles = (0..<16).map { _ in layer.registerForwardHook { _, _, output in try output + 0 } }
        let published = ModuleReference(layer)
        let results = await withTaskGroup(of: [Float].self) { group in
            for number in 0..<64 {
                group.addTask {
                    if number % 4 == 0 { handles[number / 4].remove() }
                    var hooks = CallHooks()
                    hooks.add(.forward { _, _, output in try output * Double(number) }, to: published.module, id: 0)
                    let context = quietContext(tracer: Tracer(), hooks: hooks)
                    return (try? context.run { try published.module(ones()).floats }) ?? []
                }
            }
            return await group.reduce(into: [[Float]]()) { $0.append($1) }
        }
        #expect(results.sorted { $0[0] < $1[0] } == (0..<64).map { [3.5 * Float($0), 6.5 * Float($0)] })
        #expect(layer.ownHooks.isEmpty)
    }
}
