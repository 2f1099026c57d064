import NN
import Tensors
import Testing

@testable import Models
@testable import Serving

struct HookOrderTests {
    let registry = Registry()

    init() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", .sequential(.ref("fc"), .layer("ReLU"), .ref("fc")))
    }

    private func add(_ value: Int64) -> HookDescription { HookDescription(kind: .forward, action: .add(.int(value))) }
    private func scale(_ value: Int64, prepend: Bool = false) -> HookDescription {
        HookDescription(kind: .forward, action: .scale(.int(value)), prepend: prepend)
    }

    @Test func globalHooksRunFirstThenOwnOnesThenThoseOfTheCall() async throws {
        _ = try await registry.registerHook(add(1), on: "fc")
        #expect(try await registry.call("fc", [1, 1], hooks: [scale(2)]) == [9, 15])
        #expect(try await registry.call("fc", [1, 1], hooks: [scale(2, prepend: true)]) == [8, 14])
        let global = try await registry.registerGlobalHook(scale(10)).hook
        #expect(try await registry.call("fc", [1, 1], hooks: [scale(2, prepend: true)]) == [71, 131])
        try await registry.removeGlobalHook(global.id)
        _ = try await registry.registerHook(scale(3, prepend: true), on: "fc")
        #expect(try await registry.call("fc", [1, 1]) == [11.5, 20.5])
    }

    @Test func eachHookSeesWhatTheOneBeforeItMade() async throws {
        let capture = HookDescription(kind: .forward, action: .capture)
        let request = CallRequest(inputs: [try Tensor([1, 1] as [Float])], hooks: [capture, add(1), capture])
        let result = try await registry.call(try registry.moduleVersion("fc"), request)
        #expect(result.captures.map(\.hook) == [0, 2])
        #expect(result.captures.map { $0.tensor.scalars(as: Float.self) } == [[3.5, 6.5], [4.5, 7.5]])
    }

    @Test func capturesEveryUseOfASharedModuleInOrder() async throws {
        let capture = HookDescription(kind: .forward, module: "2", action: .capture)
        let request = CallRequest(inputs: [try Tensor([1, 1] as [Float])], hooks: [capture])
        let captures = try await registry.call(try registry.moduleVersion("net"), request).captures
        #expect(captures.map(\.module) == ["2", "2"])
        #expect(captures.map { $0.tensor.scalars(as: Float.self) } == [[3.5, 6.5], [17, 36]])
    }

    @Test func hooksOnSharedModulesBelongToThem() async throws {
        let hook = HookDescription(kind: .forward, module: "2", action: .add(.int(1)))
        let registered = try await registry.registerHook(hook, on: "net")
        #expect(registered.hook.module == "0")
        #expect(registered.moduleVersion.version == 2)
        #expect(try registry.moduleVersion("fc").hooks.map(\.module) == [""])
        #expect(try registry.moduleVersion("net").hooks.map(\.module) == ["0"])
        #expect(try await registry.call("fc", [1, 1]) == [4.5, 7.5])
        _ = try await registry.removeHook(registered.hook.id, from: "fc")
        #expect(try registry.moduleVersion("net").hooks.isEmpty)
        #expect(try registry.moduleVersion("net").version == 3)
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
    }

    @Test func aCallInFlightKeepsItsHooks() async throws {
        let old = try registry.moduleVersion("fc")
        _ = try await registry.registerHook(add(1), on: "fc")
        let output = try await registry.call(old, CallRequest(inputs: [try Tensor([1, 1] as [Float])])).output
        #expect(output.scalars(as: Float.self) == [3.5, 6.5])
    }

    @Test func alwaysCalledHooksRunWhenTheCallFails() async throws {
        let fails = HookDescription(kind: .forward, action: .assertShape([7]))
        let always = HookDescription(kind: .forward, action: .statistics, alwaysCall: true)
        let never = HookDescription(kind: .forward, action: .statistics)
        _ = try await registry.registerHook(fails, on: "fc")
        let called = try await registry.registerHook(always, on: "fc").hook.record
        let skipped = try await registry.registerHook(never, on: "fc").hook.record
        let error = await servingError { _ = try await registry.call("fc", [1, 1]) }
        guard case .assertionFailed = error else { return #expect(error == nil) }
        #expect(called.statistics?.count == 2)
        #expect(skipped.statistics?.count == 0)
    }

    @Test func wrongShapesAreTheNextLayersError() async throws {
        let hook = HookDescription(
            kind: .forward,
            module: "1",
            action: .replace(.tensor(try Tensor([1, 2, 3] as [Float])))
        )
        do {
            _ = try await registry.call("net", [1, 1], hooks: [hook])
            #expect(Bool(false), "the layer after it takes two numbers")
        } catch let error as InChildError {
            #expect(error.path == "2")
            #expect(error.type == "Linear")
            #expect(error.message() == "mat1 and mat2 shapes cannot be multiplied (1x3 and 2x2)")
        }
    }

    @Test(arguments: ["3", "0.x", "x", "."])
    func refusesPathsThatDoNotExist(path: String) async throws {
        let hook = HookDescription(kind: .forward, module: path, action: .capture)
        let registered = await servingError { _ = try await registry.registerHook(hook, on: "net") }
        #expect(registered == .unknownPath(module: "net", path: path))
        let called = await servingError { _ = try await registry.call("net", [1, 1], hooks: [hook]) }
        #expect(called == .hookRefused(HookProblem(.unknownPath(path), at: ["module"], index: 0)))
    }

    @Test func refusesBackwardKindsInPlainCalls() async throws {
        let hook = HookDescription(kind: .fullBackward, action: .capture)
        let error = await servingError { _ = try await registry.call("fc", [1, 1], hooks: [hook]) }
        #expect(error == .hookRefused(HookProblem(.backwardInPlainCall(.fullBackward), at: ["kind"], index: 0)))
    }

    @Test func callsWithDifferentHooksNeverMix() async throws {
        let expected: [Float] = [3.5, 6.5]
        let wrong = await withTaskGroup(of: Bool.self) { group in
            for worker in 0..<64 {
                group.addTask {
                    let output = try? await registry.call("fc", [1, 1], hooks: [add(Int64(worker))])
                    return output != expected.map { $0 + Float(worker) }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wrong == 0)
    }

    @Test func oldRulesForbidWhatAForwardHookReturns() async throws {
        var description = ModuleDescription(name: "old", root: .linear(2, 2), stateDict: try smallState())
        description.compatibility = .torch1_0_1
        _ = try await registry.create(description)
        do {
            _ = try await registry.call("old", [1, 1], hooks: [add(1)])
            #expect(Bool(false), "a hook must not return a value")
        } catch let error as ModuleError {
            #expect(
                error.message(.torch1_0_1).hasPrefix("forward hooks should never return any values, but '<function ")
            )
        }
    }
}
