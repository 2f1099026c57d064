import NN
import OrderedCollections
import Tensors
import Testing

@testable import Models
@testable import Serving

struct TraceAndBackwardTests {
    let registry = Registry()
    let input: Tensor

    init() async throws {
        input = try Tensor([1, 1] as [Float])
        try await registry.add("fc", .linear(2, 2), smallState())
        try await registry.add("net", .sequential(.ref("fc"), .layer("ReLU")))
    }

    @Test func tracesTheCallPath() async throws {
        let hook = HookDescription(kind: .forward, module: "1", action: .capture)
        let request = CallRequest(inputs: [input], hooks: [hook])
        let trace = try await registry.trace(try registry.moduleVersion("net"), request)
        let steps = trace.events.filter { $0.kind != .operation }.map { "\($0.kind.rawValue) \($0.scope)" }
        #expect(
            steps == [
                "forward_begin Sequential", "forward_begin Sequential/Linear[0]", "forward_end Sequential/Linear[0]",
                "forward_begin Sequential/ReLU[1]", "forward_end Sequential/ReLU[1]",
                "forward_hook Sequential/ReLU[1]", "forward_end Sequential",
            ]
        )
        #expect(trace.events.compactMap(\.name).contains("addmm"))
        #expect(trace.events.compactMap(\.hook) == [.call(0)])
        #expect(trace.call.output.scalars(as: Float.self) == [3.5, 6.5])
    }

    @Test func goesBackward() async throws {
        let result = try await registry.backward(
            try registry.moduleVersion("net"),
            CallRequest(inputs: [input]),
            gradOutput: try Tensor([1, 1] as [Float])
        )
        #expect(result.gradInputs.map { $0?.scalars(as: Float.self) } == [[4, 6]])
        #expect(Array(result.gradients.keys) == ["0.weight", "0.bias"])
        #expect(result.gradients["0.weight"]??.scalars(as: Float.self) == [1, 1, 1, 1])
        #expect(result.gradients["0.bias"]??.scalars(as: Float.self) == [1, 1])
        #expect(result.call.gradFunction == "ReluBackward0")
        #expect(try registry.moduleVersion("fc").version == 1)
        #expect(try registry.moduleVersion("net").root.parameters().allSatisfy { $0.grad == nil })
    }

    @Test func runsBackwardHooks() async throws {
        let hooks = [
            HookDescription(kind: .fullBackwardPre, action: .scale(.int(2))),
            HookDescription(kind: .fullBackward, action: .capture),
        ]
        let result = try await registry.backward(
            try registry.moduleVersion("fc"),
            CallRequest(inputs: [input], hooks: hooks),
            gradOutput: try Tensor([1, 1] as [Float])
        )
        #expect(result.gradInputs.map { $0?.scalars(as: Float.self) } == [[8, 12]])
        #expect(result.call.captures.map { $0.tensor.scalars(as: Float.self) } == [[8, 12]])
        #expect(result.call.gradFunction == "BackwardHookFunctionBackward")
    }

    @Test func needsAGradientForMoreThanOneElement() async throws {
        do {
            _ = try await registry.backward(
                try registry.moduleVersion("fc"),
                CallRequest(inputs: [input]),
                gradOutput: nil
            )
            #expect(Bool(false), "two elements have no implicit gradient")
        } catch let error as TensorError {
            #expect(error.message() == "grad can be implicitly created only for scalar outputs")
        }
    }

    @Test func recordsGradientsOnlyWhenAsked() async throws {
        let moduleVersion = try registry.moduleVersion("fc")
        let plain = try await registry.call(moduleVersion, CallRequest(inputs: [input]))
        #expect(plain.gradFunction == nil)
        let recorded = try await registry.call(moduleVersion, CallRequest(inputs: [input], recordsGradients: true))
        #expect(recorded.gradFunction == "ViewBackward0")
        #expect(recorded.version == 1)
    }

    @Test func takesTwoInputs() async throws {
        let bilinear = NodeDescription.layer(
            "Bilinear",
            ["in1_features": .int(2), "in2_features": .int(2), "out_features": .int(1)]
        )
        let state: OrderedDictionary<String, Tensor> = [
            "weight": try Tensor([1, 2, 3, 4] as [Float], shape: [1, 2, 2]), "bias": try Tensor([1] as [Float]),
        ]
        let moduleVersion = try await registry.add("b", bilinear, state)
        let result = try await registry.backward(
            moduleVersion,
            CallRequest(inputs: [input, try Tensor([1, 2] as [Float])]),
            gradOutput: nil
        )
        #expect(result.call.output.scalars(as: Float.self) == [17])
        #expect(result.gradInputs.map { $0?.scalars(as: Float.self) } == [[5, 11], [4, 6]])
        await #expect(throws: ModuleError.self) {
            _ = try await registry.call(moduleVersion, CallRequest(inputs: [input]))
        }
    }

    @Test func leavesRunningStatisticsAlone() async throws {
        let moduleVersion = try await registry.add(
            "bn",
            .layer("BatchNorm1d", ["num_features": .int(2)]),
            training: true
        )
        let batch = try matrix([[1, 2], [3, 6]])
        let output = try await registry.call(moduleVersion, CallRequest(inputs: [batch])).output.scalars(as: Float.self)
        #expect(zip(output, [-1, -1, 1, 1] as [Float]).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(try moduleVersion.tensor("running_mean").tensor.scalars(as: Float.self) == [0, 0])
        #expect(try moduleVersion.tensor("num_batches_tracked").tensor.item() == 0)
    }
}
