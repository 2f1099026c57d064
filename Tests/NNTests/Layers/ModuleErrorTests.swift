import Tensors
import Testing

@testable import NN

/// What constructors, calls and optimisers say of impossible arguments, against PyTorch.
struct ModuleErrorTests {
    private static func input() throws -> Tensor { try Tensor.ones([2, 3]) }
    private static func integer() throws -> Tensor { try Tensor([1] as [Int64]) }

    private static func callBilinear(_ inputs: Tensor...) throws {
        _ = try Bilinear(in1Features: 2, in2Features: 2, outFeatures: 3)(Arguments(inputs))
    }

    private static func parameters() throws -> [Parameter] { [try Parameter(Tensor.ones([1]))] }

    private static func sgd(_ change: (inout SGD.Options) -> Void) throws {
        var options = SGD.Options()
        change(&options)
        _ = try SGD(parameters(), options: options)
    }

    private static func adam(_ change: (inout Adam.Options) -> Void) throws {
        var options = Adam.Options()
        change(&options)
        _ = try Adam(parameters(), options: options)
    }

    static let cases: [String: @Sendable () throws -> Void] = [
        "Linear negative": { _ = try Linear(inFeatures: -1, outFeatures: 3) },
        "Linear too large": { _ = try Linear(inFeatures: 1 << 62, outFeatures: 1 << 62) },
        "Linear weight None": {
            let layer = try Linear(inFeatures: 4, outFeatures: 3)
            layer.weight = nil
            _ = try layer(Tensor.ones([4]))
        },
        "Dropout p": { _ = try Dropout(p: 1.5) },
        "Hardtanh range": { _ = try Hardtanh(minVal: 2.0, maxVal: 1.0) },
        "Embedding padding": { _ = try Embedding(numEmbeddings: 3, embeddingDim: 2, paddingIndex: 3) },
        "Embedding index": { _ = try Embedding(numEmbeddings: 3, embeddingDim: 2)(Tensor([3] as [Int64])) },
        "Embedding negative": { _ = try Embedding(numEmbeddings: 3, embeddingDim: 2)(Tensor([-1] as [Int64])) },
        "Bilinear features": { _ = try Bilinear(in1Features: 0, in2Features: 2, outFeatures: 3) },
        "Bilinear input": {
            let layer = try Bilinear(in1Features: 2, in2Features: 2, outFeatures: 3)
            _ = try layer(Arguments([Tensor.ones([4, 3]), Tensor.ones([4, 2])]))
        },
        "Bilinear one input": {
            _ = try Bilinear(in1Features: 2, in2Features: 2, outFeatures: 3)(Tensor.ones([4, 2]))
        },
        "LayerNorm shape": { _ = try LayerNorm(normalizedShape: [4])(input()) },
        "BatchNorm1d channels": { _ = try BatchNorm1d(numFeatures: 4)(input()) },
        "BatchNorm1d rank": { _ = try BatchNorm1d(numFeatures: 3)(Tensor.ones([3])) },
        "BatchNorm1d one value": { _ = try BatchNorm1d(numFeatures: 3)(Tensor.ones([1, 3])) },
        "Softmax dim": { _ = try Softmax(dim: 2)(input()) },
        "Softmax int": { _ = try Softmax(dim: 0)(Tensor([1, 2] as [Int64])) },
        "Flatten dim": { _ = try Flatten()(Tensor(scalar: 1 as Float)) },
        "ModuleList call": { _ = try ModuleList()(input()) },
        "Sequential index": { _ = try Sequential(ReLU()).element(at: 3) },
        "Sequential insert": { try Sequential(ReLU()).insert(ReLU(), at: 3) },
        "CrossEntropyLoss target": { _ = try CrossEntropyLoss()(input(), Tensor([3, 0] as [Int64])) },
        "MSELoss one input": { _ = try MSELoss()(input()) },
        "SGD rate": { try sgd { $0.learningRate = -1 } },
        "SGD momentum": { try sgd { $0.momentum = -1 } },
        "SGD decay": { try sgd { $0.weightDecay = -1 } },
        "SGD nesterov": { try sgd { $0.nesterov = true } },
        "SGD empty": { _ = try SGD([]) },
        "Adam beta": { try adam { $0.beta1 = 1 } },
        "Adam beta 2": { try adam { $0.beta2 = -0.5 } },
        "Linear out": { _ = try Linear(inFeatures: 2, outFeatures: -1) },
        "LayerNorm negative": { _ = try LayerNorm(normalizedShape: [-1]) },
        "LayerNorm empty": { _ = try LayerNorm(normalizedShape: [])(input()) },
        "BatchNorm1d negative": { _ = try BatchNorm1d(numFeatures: -1) },
        "BatchNorm1d four axes": { _ = try BatchNorm1d(numFeatures: 3)(Tensor.ones([2, 3, 1, 1])) },
        "BatchNorm1d integers": { _ = try BatchNorm1d(numFeatures: 3)(Tensor.ones([2, 3], dtype: .int64)) },
        "Embedding size": { _ = try Embedding(numEmbeddings: -1, embeddingDim: 2) },
        "Embedding below": { _ = try Embedding(numEmbeddings: 3, embeddingDim: 2, paddingIndex: -4) },
        "Embedding floats": { _ = try Embedding(numEmbeddings: 3, embeddingDim: 2)(Tensor.ones([1])) },
        "Embedding without rows": { _ = try Embedding(numEmbeddings: 0, embeddingDim: 2, paddingIndex: 0) },
        "Bilinear negative": { _ = try Bilinear(in1Features: -1, in2Features: 2, outFeatures: 3) },
        "Bilinear out": { _ = try Bilinear(in1Features: 2, in2Features: 2, outFeatures: -3) },
        "Bilinear rows": { try callBilinear(Tensor.ones([4, 2]), Tensor.ones([3, 2])) },
        "Bilinear dtype": { try callBilinear(Tensor.ones([4, 2], dtype: .float64), Tensor.ones([4, 2])) },
        "Bilinear three inputs": { try callBilinear(input(), input(), input()) },
        "RMSNorm shape": { _ = try RMSNorm(normalizedShape: [4])(input()) },
        "RMSNorm axes": { _ = try RMSNorm(normalizedShape: [2, 3])(Tensor.ones([3])) },
        "RMSNorm empty": { _ = try RMSNorm(normalizedShape: [])(input()) },
        "Flatten start": { _ = try Flatten(startDim: 2)(input()) },
        "Flatten order": { _ = try Flatten(startDim: 1, endDim: 0)(input()) },
        "Softplus integers": { _ = try Softplus()(integer()) },
        "ELU integers": { _ = try ELU()(integer()) },
        "GELU integers": { _ = try GELU()(integer()) },
        "SiLU integers": { _ = try SiLU()(integer()) },
        "LeakyReLU integers": { _ = try LeakyReLU()(integer()) },
        "LogSoftmax dim": { _ = try LogSoftmax(dim: 5)(input()) },
        "Dropout negative": { _ = try Dropout(p: -0.1) },
        "Hardtanh equal": { _ = try Hardtanh(minVal: 1.0, maxVal: 1.0) },
        "CrossEntropyLoss smoothing too large": {
            _ = try CrossEntropyLoss(labelSmoothing: 2)(input(), Tensor([2, 0] as [Int64]))
        },
        "CrossEntropyLoss batch": { _ = try CrossEntropyLoss()(input(), Tensor([2] as [Int64])) },
        "BCEWithLogitsLoss size": { _ = try BCEWithLogitsLoss()(input(), Tensor.ones([3])) },
        "MSELoss sizes": {
            try Warnings.handled(by: { _ in }) { _ = try MSELoss()(input(), Tensor.ones([2, 4])) }
        },
        "Sequential remove": { try Sequential(ReLU()).remove(at: 4) },
        "Parameter of integers": { _ = try Parameter(integer()) },
        "to integers": { try Linear(inFeatures: 2, outFeatures: 2).to(.int64) },
        "assign a tensor": { try Linear(inFeatures: 2, outFeatures: 2).assign(Tensor.ones([2]), to: "bias") },
        "assign a number": { try Sequential(ReLU()).assign(3, to: "0") },
        "uniform order": { _ = try Initial.uniform([3], from: 1, to: 0) },
        "uniform infinite": { _ = try Initial.uniform([3], from: 0, to: .infinity) },
        "uniform integers": { _ = try Initial.uniform([3], dtype: .int64) },
        "normal negative": { _ = try Initial.normal([3], deviation: -1) },
        "normal integers": { _ = try Initial.normal([3], dtype: .int64) },
        "SGD dampening": { try sgd { ($0.nesterov, $0.momentum, $0.dampening) = (true, 0.9, 0.1) } },
        "Adam rate": { try adam { $0.learningRate = -1 } },
        "Adam empty": { _ = try Adam([]) },
        "AdamW negative decay": {
            var options = AdamW.defaultOptions
            options.weightDecay = -1
            _ = try AdamW(parameters(), options: options)
        },
        "Adam epsilon": { try adam { $0.epsilon = -1 } },
        "Adam rate NaN": { try adam { $0.learningRate = .nan } },
        "Adam epsilon NaN": { try adam { $0.epsilon = .nan } },
        "Adam beta NaN": { try adam { $0.beta2 = .nan } },
        "Adam decay NaN": { try adam { $0.weightDecay = .nan } },
        "Dropout whole": { _ = try Dropout(p: 2) },
        "Hardtanh whole range": { _ = try Hardtanh(minVal: 2, maxVal: 1.0) },
        "ModuleList insert": { try ModuleList([ReLU()]).insert(ReLU(), at: -1) },
    ]

    @Test(arguments: cases.keys.sorted()) func saysWhatPyTorchSays(name: String) throws {
        let golden = try #require(GoldenCase.named(name))
        let body = try #require(Self.cases[name])
        golden.expectError { try body() }
    }

    /// No case of the fixture may be skipped.
    @Test func coversEveryCaseOfTheFixtureOnce() {
        var tested = InitialTests.ids + ["fan of a vector", "fan of nothing", "seeded tree"]
        tested += InitialTests.nonlinearities.map { "kaiming_uniform \($0.name)" }
        tested += DescriptionTests.modules.keys.map { "repr \($0)" }
        tested += Array(ModuleValueTests.cases.keys) + Array(OptimizerTests.optimizers.keys) + Array(Self.cases.keys)
        #expect(tested.sorted() == GoldenCase.ofModules.map(\.id).sorted())
    }
}
