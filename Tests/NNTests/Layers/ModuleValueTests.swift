import OrderedCollections
import Tensors
import Testing

@testable import NN

/// What modules answer, against PyTorch, beyond the golden cases.
struct ModuleValueTests {
    typealias Answers = OrderedDictionary<String, Tensor>

    private static func input() throws -> Tensor { try Tensor([-2, -0.5, 0, 0.5, 1, 3] as [Float], shape: [2, 3]) }

    private static func probabilities() throws -> Tensor {
        try Tensor([0, 1, 0.5, 1, 0, 0.25] as [Float], shape: [2, 3])
    }

    private static func batchNorm(
        _ features: Int,
        training: Bool = true,
        _ inputs: [Tensor],
        _ change: (inout BatchNorm1d.Options) -> Void = { _ in }
    ) throws -> Answers {
        var options = BatchNorm1d.Options()
        change(&options)
        let layer = try BatchNorm1d(numFeatures: features, options: options).train(training)
        var answers: Answers = [:]
        for (index, input) in inputs.enumerated() { answers["y\(index)"] = try layer(input) }
        return answers.merging(layer.stateDict()) { $1 }
    }

    private static func crossEntropy(_ loss: CrossEntropyLoss) throws -> Answers {
        try ["y": loss(input(), Tensor([2, 0] as [Int64]))]
    }

    private static func implicitSoftmax() throws -> Answers {
        let input = try Self.input()
        return try Warnings.handled(by: { _ in }) {
            [
                "y": try Softmax()(input),
                "z": try Softmax()(input.reshaped(to: [1, 2, 3] as Shape)),
                "w": try LogSoftmax()(input.rows(0..<1).reshaped(to: [3] as Shape)),
            ]
        }
    }

    private static func bilinear() throws -> Answers {
        let layer = try Bilinear(in1Features: 2, in2Features: 2, outFeatures: 2)
        layer.weight = try Parameter(Tensor((0..<8).map { Float($0) / 4 }, shape: [2, 2, 2]))
        layer.bias = try Parameter(vector(0.5, 0.5))
        let first = try Tensor([-2, -0.5, 0.5, 1] as [Float], shape: [2, 2])
        let second = try Tensor([-0.5, 0, 1, 3] as [Float], shape: [2, 2])
        return ["y": try layer(Arguments([first, second])).tensors[0]]
    }

    private static func binaryCrossEntropy() throws -> Answers {
        let weighted = try BCEWithLogitsLoss(
            weight: vector(1, 2, 0.5),
            positiveWeight: vector(2, 3, 1.5),
            reduction: .sum
        )
        return [
            "y": try BCEWithLogitsLoss()(input(), probabilities()),
            "z": try weighted(input(), probabilities()),
        ]
    }

    static let cases: [String: @Sendable () throws -> Answers] = [
        "Hardtanh": { try ["y": Hardtanh(minVal: -0.75, maxVal: 1.5)(input())] },
        "ReLU6": { try ["y": ReLU6()(input() * 4)] },
        "RMSNorm": { try ["y": RMSNorm(normalizedShape: [3])(input())] },
        "RMSNorm eps": { try ["y": RMSNorm(normalizedShape: [2, 3], epsilon: 0.5)(input())] },
        "LayerNorm plain": {
            try ["y": LayerNorm(normalizedShape: [3], epsilon: 0.1, elementwiseAffine: false)(input())]
        },
        "Softmax none": { try implicitSoftmax() },
        "Bilinear": { try bilinear() },
        "BatchNorm1d plain average": {
            let input = try Self.input()
            return try batchNorm(3, [input, input * 2, input - 1]) { $0.momentum = nil }
        },
        "BatchNorm1d three axes": {
            try batchNorm(2, [Tensor([-2, -0.5, 0.5, 1, -6, -1.5, 1.5, 3] as [Float], shape: [2, 2, 2])])
        },
        "BatchNorm1d untracked": {
            try batchNorm(3, training: false, [input()]) { ($0.affine, $0.trackRunningStats) = (false, false) }
        },
        "CrossEntropyLoss weight": { try crossEntropy(CrossEntropyLoss(weight: vector(1, 2, 0.5))) },
        "CrossEntropyLoss smoothing": { try crossEntropy(CrossEntropyLoss(labelSmoothing: 0.1)) },
        "CrossEntropyLoss ignore": { try crossEntropy(CrossEntropyLoss(ignoreIndex: 2)) },
        "BCEWithLogitsLoss": { try binaryCrossEntropy() },
        "L1Loss": {
            [
                "y": try L1Loss()(input(), probabilities()),
                "z": try L1Loss(reduction: .none)(input(), probabilities()),
            ]
        },
    ]

    @Test(arguments: cases.keys.sorted()) func answersAsPyTorch(name: String) throws {
        let golden = try #require(GoldenCase.named(name))
        let answer = try #require(Self.cases[name])
        let answers = try answer()
        #expect(Array(answers.keys) == golden.names)
        for (key, tensor) in answers { try golden.expect(tensor, key) }
    }

    @Test func leavesRunningStatisticsAloneInAFrozenCall() throws {
        let layer = try BatchNorm1d(numFeatures: 3)
        let before = layer.stateDict().mapValues(\.floats)
        let frozen = try CallContext(isFrozen: true).run { try layer(Self.input()) }
        #expect(layer.stateDict().mapValues(\.floats) == before)
        #expect(try layer(Self.input()).floats == frozen.floats)
        #expect(layer.runningMean?.floats != before["running_mean"])
    }

    @Test func countsOnFromAnyNumberOfBatches() throws {
        let layer = try BatchNorm1d(numFeatures: 3)
        var state = layer.stateDict()
        state["num_batches_tracked"] = try Tensor(scalar: Int64.max)
        try layer.loadStateDict(state)
        _ = try layer(Self.input())
        #expect(layer.buffer(at: "num_batches_tracked")?.scalars(as: Int64.self) == [.min])
    }

    @Test func dropsOnlyInTraining() throws {
        let layer = try Dropout(p: 0.5)
        let input = try Tensor.ones([1000])
        let dropped = try CallContext(generator: Generator(seed: 1)).run { try layer(input) }.floats
        #expect(Set(dropped) == [0, 2])
        #expect((400...600).contains(dropped.count { $0 == 0 }))
        #expect(try layer.eval()(input).floats == input.floats)
    }

    @Test func keepsThePaddingRowWithoutGradient() throws {
        let table = try Embedding(numEmbeddings: 3, embeddingDim: 2, paddingIndex: 1)
        #expect(try table(Tensor([1] as [Int64])).floats == [0, 0])
        try table(Tensor([0, 1, 0] as [Int64])).sum().backward()
        #expect(table.weight?.grad?.floats == [2, 2, 0, 0, 0, 0])
    }

    @Test func warnsOfALossThatBroadcasts() throws {
        let warnings = Box<[String]>([])
        let loss = try Warnings.handled(by: { warnings.value.append($0.message) }) {
            _ = try Compatibility.torch1_0_1.run { try L1Loss()(Tensor.ones([3]), Tensor.zeros([1])) }
            return try MSELoss()(Tensor.ones([3]), Tensor.zeros([1]))
        }
        #expect(loss.floats == [1])
        #expect(
            warnings.value == [
                "Using a target size (torch.Size([1])) that is different to the input size (torch.Size([3])). This will "
                    + "likely lead to incorrect results due to broadcasting. Please ensure they have the same size."
            ]
        )
    }
}
