import Tensors
import Testing

@testable import NN

/// The numbered cases about old backward hooks, in both versions of PyTorch.
struct OldBackwardHookTests {
    private let seen = Box<[(inputs: [Tensor?], outputs: [Tensor?])]>([])
    private let warnings = Box<[String]>([])

    private func roundTrip(_ module: Module, _ input: Tensor, _ compatibility: Compatibility = .current) throws {
        try quietContext(compatibility: compatibility).run {
            try Warnings.handled(by: { [warnings] in warnings.value.append($0.message) }) {
                try module(input).sum().backward()
            }
        }
    }

    private func record(on layer: Linear) throws {
        try layer.registerBackwardHook { [seen] _, gradInputs, gradOutputs in
            seen.value.append((gradInputs, gradOutputs))
            return nil
        }
    }

    private func check(_ tensors: [Tensor?]?, _ expected: [([Float], Shape)]) {
        #expect(tensors?.map { $0?.floats ?? [] } == expected.map(\.0))
        #expect(tensors?.map { $0?.shape ?? [0] } == expected.map(\.1))
    }

    @Test("B01", arguments: Compatibility.allCases)
    func seesBiasInputAndTransposedWeightOfABatch(compatibility: Compatibility) throws {
        let layer = try linear()
        try record(on: layer)
        try roundTrip(layer, Tensor([1, 1] as [Float], shape: [1, 2]).requiringGrad(), compatibility)
        #expect(seen.value.count == 1)
        check(seen.value.first?.inputs, [([1, 1], [2]), ([4, 6], [1, 2]), ([1, 1, 1, 1], [2, 2])])
        check(seen.value.first?.outputs, [([1, 1], [1, 2])])
        let isOld = compatibility == .torch1_0_1
        #expect(warnings.value.count == (isOld ? 0 : 1))
        #expect(
            warnings.value.allSatisfy {
                $0.hasPrefix("Using a non-full backward hook when the forward contains multiple autograd Nodes")
            }
        )
    }

    @Test("B02") func seesTheViewOfAVector() throws {
        let layer = try linear()
        try record(on: layer)
        try roundTrip(layer, ones().requiringGrad())
        check(seen.value.first?.inputs, [([1, 1], [1, 2])])
        check(seen.value.first?.outputs, [([1, 1], [2])])
    }

    @Test("B02 of 1.0.1") func seesTheSumOfAVectorInTheOldVersion() throws {
        let layer = try linear()
        try record(on: layer)
        try roundTrip(layer, ones().requiringGrad(), .torch1_0_1)
        check(seen.value.first?.inputs, [([1, 1], [2]), ([1, 1], [2])])
        check(seen.value.first?.outputs, [([1, 1], [2])])
    }

    @Test("B03", arguments: Compatibility.allCases)
    func usesTheGradientsOfAHook(compatibility: Compatibility) throws {
        let layer = try linear(bias: false)
        let input = try Tensor([1, 1] as [Float], shape: [1, 2]).requiringGrad()
        try layer.registerBackwardHook { _, gradInputs, _ in try gradInputs.map { try $0.map { try $0 * 10 } } }
        try roundTrip(layer, input, compatibility)
        #expect(input.grad?.floats == [40, 60])
        #expect(layer.weight?.grad?.floats == [10, 10, 10, 10])
    }

    @Test("B04", arguments: Compatibility.allCases)
    func isNotCalledWithoutGradients(compatibility: Compatibility) throws {
        let layer = try linear()
        try record(on: layer)
        _ = try quietContext(compatibility: compatibility).run {
            try Autograd.withoutGradients { try layer(ones()) }
        }
        #expect(seen.value.isEmpty)
    }
}
