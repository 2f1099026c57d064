import OrderedCollections
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

struct HookActionTests {
    let registry = Registry()

    /// The layer gives [3.5, 6.5] for [1, 1].
    init() async throws {
        try await registry.add("fc", .linear(2, 2), smallState())
    }

    private static let nan = Float.nan

    @Test(
        arguments: [
            (.replace(.double(2)), [2, 2]),
            (.replace(.int(2)), [2, 2]),
            (.add(.double(0.5)), [4, 7]),
            (.add(.int(1)), [4.5, 7.5]),
            (.scale(.double(2)), [7, 13]),
            (.scale(.int(-1)), [-3.5, -6.5]),
            (.clamp(min: .int(4), max: .double(6)), [4, 6]),
            (.clamp(min: .int(6), max: .int(4)), [4, 4]),
            (.clamp(min: nil, max: .double(4)), [3.5, 4]),
            (.normalize(mean: .double(1.5), std: .int(2)), [1, 2.5]),
            (.mask(indices: [1]), [3.5, 0]),
            (.mask(indices: [-1]), [3.5, 0]),
            (.mask(indices: [-2, 1]), [0, 0]),
            (.activation(name: "ReLU6", arguments: [:]), [3.5, 6]),
            (.activation(name: "LeakyReLU", arguments: ["negative_slope": .double(2)]), [3.5, 6.5]),
            (.topk(k: 1), [0, 6.5]),
            (.capture, [3.5, 6.5]),
            (.assertFinite, [3.5, 6.5]),
            (.assertRange(min: 3.5, max: 6.5), [3.5, 6.5]),
            (.assertShape([2]), [3.5, 6.5]),
            (.assertShape([-1]), [3.5, 6.5]),
            (.statistics, [3.5, 6.5]),
            (.log(level: .info), [3.5, 6.5]),
            (.activation(name: "Flatten", arguments: ["start_dim": .int(0)]), [3.5, 6.5]),
        ] as [(HookAction, [Float])]
    )
    func actsOnTheOutput(action: HookAction, expected: [Float]) async throws {
        let hook = HookDescription(kind: .forward, action: action)
        #expect(try await registry.call("fc", [1, 1], hooks: [hook]) == expected)
        let registered = try await registry.registerHook(hook, on: "fc")
        #expect(try await registry.call("fc", [1, 1]) == expected)
        _ = try await registry.removeHook(registered.hook.id, from: "fc")
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
        let global = try await registry.registerGlobalHook(hook).hook
        #expect(try await registry.call("fc", [1, 1]) == expected)
        try await registry.removeGlobalHook(global.id)
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
    }

    @Test(
        arguments: [
            ([1, 0], [0, 6.5]), ([1, 1], [-1.5, 1.5]), ([-1e30, -1e30], [-1.5, 1.5]), ([1e-30, 1e-30], [-1.5, 1.5]),
            ([1e300, 1e300], [-1.5, 1.5]), ([2], [-6.5, -3.5]),
        ] as [([Double], [Float])]
    )
    func takesADirectionOut(direction: [Double], expected: [Float]) async throws {
        let hook = HookDescription(kind: .forward, action: .projectOut(direction: try Tensor(direction)))
        #expect(try await registry.call("fc", [1, 1], hooks: [hook]) == expected)
    }

    @Test(
        arguments: [
            ([0, 0], [2], "zero"), ([], [0], "zero"), ([0, .nan], [2], "not finite"),
            ([1, .infinity], [2], "not finite"),
            ([1, 2], [1, 2], "a vector"), ([1], [], "a vector"),
        ] as [([Double], Shape, String)]
    )
    func refusesWhatIsNoDirection(numbers: [Double], shape: Shape, words: String) async throws {
        let hook = HookDescription(kind: .forward, action: .projectOut(direction: try Tensor(numbers, shape: shape)))
        let error = await #expect(throws: ServingError.self) {
            _ = try await registry.registerHook(hook, on: "fc")
        }
        #expect(error?.message.contains(words) == true)
    }

    @Test func namesTheLengthOfADirectionThatDoesNotFit() async throws {
        let action = HookAction.projectOut(direction: try Tensor([1, 2, 3] as [Double]))
        let error = await #expect(throws: HookFailure.self) {
            _ = try await registry.call("fc", [1, 1], hooks: [HookDescription(kind: .forward, action: action)])
        }
        let text = "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0"
        #expect((error?.underlying as? TensorError)?.message() == text)
    }

    @Test func actsOnTheInput() async throws {
        let hook = HookDescription(kind: .forwardPre, action: .scale(.int(10)))
        #expect(try await registry.call("fc", [1, 1], hooks: [hook]) == [30.5, 69.5])
    }

    @Test func softmaxGoesOverTheLastDimension() async throws {
        let hook = HookDescription(kind: .forward, action: .activation(name: "Softmax", arguments: [:]))
        let output = try await registry.call("fc", [1, 1], hooks: [hook])
        #expect(abs(output[0] - 0.047_425_87) < 1e-6)
        #expect(abs(output[1] - 0.952_574_13) < 1e-6)
    }

    @Test func steersWithTensors() async throws {
        let direction = HookValue.tensor(try Tensor([1, -1] as [Float]))
        let hooks = [
            HookDescription(kind: .forward, action: .add(direction)),
            HookDescription(kind: .forward, action: .scale(direction)),
        ]
        #expect(try await registry.call("fc", [1, 1], hooks: hooks) == [4.5, -5.5])
    }

    @Test(
        arguments: [
            (.assertFinite, .finite(bad: 1)),
            (.assertRange(min: 0, max: 5), .range(min: 0, max: 5, value: 6.5)),
            (.assertRange(min: 4, max: nil), .range(min: 4, max: nil, value: 3.5)),
            (.assertShape([2, -1]), .shape(expected: [2, -1], got: [2])),
            (.assertShape([3]), .shape(expected: [3], got: [2])),
        ] as [(HookAction, HookFinding.Assertion)]
    )
    func assertionsSayWhatDoesNotHold(action: HookAction, assertion: HookFinding.Assertion) async throws {
        let input: [Float] = assertion == .finite(bad: 1) ? [.infinity, 0] : [1, 1]
        let spoil = HookDescription(kind: .forward, action: .mask(indices: assertion == .finite(bad: 1) ? [0] : []))
        let hook = HookDescription(kind: .forward, action: action)
        let error = await servingError { _ = try await registry.call("fc", input, hooks: [spoil, hook]) }
        #expect(error == .assertionFailed(HookFinding(module: "", kind: .forward, assertion: assertion)))
    }

    @Test func masksNaNToo() async throws {
        let hook = HookDescription(kind: .forward, action: .mask(indices: [0, 1]))
        #expect(try await registry.call("fc", [.nan, 0], hooks: [hook]) == [0, 0])
    }

    @Test func refusesIndicesOutOfRange() async throws {
        let hook = HookDescription(kind: .forward, action: .mask(indices: [2]))
        let failure = try await #require(throws: HookFailure.self) {
            try await registry.call("fc", [1, 1], hooks: [hook])
        }
        #expect(failure.hook == .call(0))
        #expect(failure.underlying as? TensorError == .indexOutOfBounds(2, dimension: 0, size: 2))
    }

    @Test(
        arguments: [
            (.clamp(min: .int(0), max: .int(2)), [1, 2, 0]),
            (.clamp(min: .int(2), max: .int(1)), [1, 1, 1]),
            (.add(.int(1)), [2, 4, 0]),
            (.scale(.int(-2)), [-2, -6, 2]),
            (.replace(.double(-3.25)), [-3, -3, -3]),
        ] as [(HookAction, [Int64])]
    )
    func leavesIntegersIntegers(action: HookAction, expected: [Int64]) async throws {
        try await registry.add("same", .layer("Identity"))
        let inputs = [try Tensor([1, 3, -1] as [Int64]), try Tensor(scalar: Int32(1))]
        let wanted = [try Tensor(expected), try Tensor(scalar: Int32(expected[0]))]
        for (input, wanted) in zip(inputs, wanted) {
            let hook = HookDescription(kind: .forward, action: action)
            let output = try await registry.call(
                try registry.moduleVersion("same"),
                CallRequest(inputs: [input], hooks: [hook])
            ).output
            #expect(output.dtype == wanted.dtype)
            #expect(output.scalars(as: Int64.self) == wanted.scalars(as: Int64.self))
        }
    }

    @Test(
        arguments: [
            (HookDescription(kind: .forward, action: .assertRange(min: 2, max: 1)), .emptyRange(min: 2, max: 1)),
            (HookDescription(kind: .forward, action: .clamp(min: nil, max: nil)), .noBound),
            (HookDescription(kind: .forward, action: .topk(k: -1)), .negativeCount(-1)),
            (HookDescription(kind: .forward, action: .assertShape([-2])), .shape([-2])),
            (
                HookDescription(kind: .forward, action: .activation(name: "Linear", arguments: [:])),
                .unknownActivation("Linear")
            ),
            (HookDescription(kind: .forwardPre, action: .capture, alwaysCall: true), .alwaysCallNeedsForward),
        ] as [(HookDescription, HookProblem.Fault)]
    )
    func refusesHooksThatMakeNoSense(hook: HookDescription, fault: HookProblem.Fault) async throws {
        let registered = await servingError { _ = try await registry.registerHook(hook, on: "fc") }
        let called = await servingError { _ = try await registry.call("fc", [1, 1], hooks: [hook]) }
        for error in [registered, called] {
            guard case .hookRefused(let problem) = error else { return #expect(error == nil) }
            #expect(problem.fault == fault)
        }
        #expect(try registry.moduleVersion("fc").version == 1)
    }

    @Test func refusesAReplacementBeyondTheType() async throws {
        try await registry.add("same", .layer("Identity"))
        let request = CallRequest(
            inputs: [try Tensor([1, 2] as [UInt8])],
            hooks: [HookDescription(kind: .forward, action: .replace(.double(-3.25)))]
        )
        let failure = try await #require(throws: HookFailure.self) {
            try await registry.call(try registry.moduleVersion("same"), request)
        }
        #expect(failure.underlying as? TensorError == .scalarNotRepresentable(.uint8))
    }

    @Test func gathersStatisticsAcrossCallsAndVersions() async throws {
        let hook = HookDescription(kind: .forward, action: .statistics)
        let record = try await registry.registerHook(hook, on: "fc").hook.record
        _ = try await registry.call("fc", [1, 1])
        _ = try await registry.setParameter("bias", of: "fc", to: nil)
        _ = try await registry.call("fc", [.nan, 1])
        _ = try await registry.call("fc", [0, 0])
        let summary = try #require(record.statistics)
        #expect(summary.count == 6)
        #expect(summary.nanCount == 2)
        #expect(summary.mean == 2.5)
        #expect(summary.variance == (3.5 * 3.5 + 6.5 * 6.5) / 4 - 6.25)
        #expect(summary.min == 0)
        #expect(summary.max == 6.5)
        record.reset()
        #expect(record.statistics == TensorSummary())
    }

    @Test func keepsTheLastCapture() async throws {
        let hook = HookDescription(kind: .forwardPre, action: .capture)
        let record = try await registry.registerHook(hook, on: "fc").hook.record
        #expect(record.lastCapture == nil)
        _ = try await registry.call("fc", [1, 1])
        _ = try await registry.call("fc", [2, 3])
        #expect(record.lastCapture?.scalars(as: Float.self) == [2, 3])
    }

    @Test func logsASummaryAndNeverTheData() async throws {
        let lines = Mutex<[HookLogLine]>([])
        var options = ServingOptions()
        options.log = { line in lines.withLock { $0.append(line) } }
        let registry = Registry(options: options)
        try await registry.add("net", .sequential(.linear(2, 2)), smallState(prefix: "0."))
        let hook = HookDescription(kind: .forward, module: "0", action: .log(level: .warning))
        _ = try await registry.call("net", [1, 1], hooks: [hook])
        let line = try #require(lines.withLock { $0.first })
        #expect(line.level == .warning)
        #expect(line.name == "net")
        #expect(line.module == "0")
        #expect(line.hook == .call(0))
        #expect(line.shape == [2])
        #expect(line.summary.mean == 5)
    }
}
