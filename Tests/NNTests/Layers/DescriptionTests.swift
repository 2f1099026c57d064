import OrderedCollections
import Tensors
import Testing

@testable import NN

/// How modules print, against PyTorch.
struct DescriptionTests {
    private static func line() throws -> Linear { try Linear(inFeatures: 2, outFeatures: 3) }

    private static func plainBatchNorm() throws -> BatchNorm1d {
        var options = BatchNorm1d.Options()
        options.epsilon = 0.001
        options.momentum = nil
        options.affine = false
        options.trackRunningStats = false
        return try BatchNorm1d(numFeatures: 3, options: options)
    }

    static let modules: [String: @Sendable () throws -> Module] = [
        "Linear": { try Linear(inFeatures: 4, outFeatures: 3) },
        "Linear no bias": { try Linear(inFeatures: 4, outFeatures: 3, bias: false) },
        "Identity": { Identity() },
        "Flatten": { Flatten() },
        "ReLU": { ReLU() },
        "ReLU inplace": { ReLU(inplace: true) },
        "ReLU6": { try ReLU6() },
        "LeakyReLU": { LeakyReLU() },
        "LeakyReLU inplace": { LeakyReLU(negativeSlope: 0.2, inplace: true) },
        "ELU": { ELU() },
        "ELU inplace": { ELU(alpha: 2.5, inplace: true) },
        "GELU": { GELU() },
        "GELU tanh": { GELU(approximate: .tanh) },
        "SiLU": { SiLU() },
        "SiLU inplace": { SiLU(inplace: true) },
        "Sigmoid": { Sigmoid() },
        "Tanh": { Tanh() },
        "Softplus": { Softplus() },
        "Hardtanh": { try Hardtanh() },
        "Hardtanh inplace": { try Hardtanh(minVal: -0.5, maxVal: 2, inplace: true) },
        "Softmax": { Softmax(dim: 1) },
        "Softmax none": { Softmax() },
        "LogSoftmax": { LogSoftmax(dim: -1) },
        "LayerNorm": { try LayerNorm(normalizedShape: [3]) },
        "LayerNorm two": { try LayerNorm(normalizedShape: [2, 3], epsilon: 1e-3, bias: false) },
        "LayerNorm plain": { try LayerNorm(normalizedShape: [3], elementwiseAffine: false) },
        "RMSNorm": { try RMSNorm(normalizedShape: [3]) },
        "RMSNorm eps": { try RMSNorm(normalizedShape: [2, 3], epsilon: 1e-6, elementwiseAffine: false) },
        "Dropout": { try Dropout() },
        "Dropout inplace": { try Dropout(p: 0.25, inplace: true) },
        "BatchNorm1d": { try BatchNorm1d(numFeatures: 3) },
        "BatchNorm1d options": { try plainBatchNorm() },
        "Embedding": { try Embedding(numEmbeddings: 4, embeddingDim: 3) },
        "Embedding padding": { try Embedding(numEmbeddings: 4, embeddingDim: 3, paddingIndex: -1) },
        "Bilinear": { try Bilinear(in1Features: 2, in2Features: 3, outFeatures: 4) },
        "Sequential": { try Sequential([]) },
        "ModuleDict": { try ModuleDict([("a", Tanh())]) },
        "ModuleList": { try ModuleList([line(), line(), ReLU(), line()]) },
        "ModuleList empty": { try ModuleList() },
        "nested": {
            let inner = try Sequential(
                Linear(inFeatures: 2, outFeatures: 2),
                ModuleList([ReLU(), ReLU()])
            )
            return try Sequential(inner, Tanh())
        },
        "MSELoss": { MSELoss() },
        "L1Loss": { L1Loss() },
        "CrossEntropyLoss": { try CrossEntropyLoss() },
        "BCEWithLogitsLoss": { try BCEWithLogitsLoss() },
    ]

    @Test(arguments: modules.keys.sorted()) func printsAsPyTorch(name: String) throws {
        let golden = try #require(GoldenCase.named("repr \(name)"))
        let make = try #require(Self.modules[name])
        golden.expect(text: try make().description, "repr")
    }

    /// A copy made without drawing must come out the same.
    @Test(arguments: modules.keys.sorted()) func copiesWhole(name: String) throws {
        let make = try #require(Self.modules[name])
        let module = try make()
        let copy = try module.copied()
        #expect(copy !== module)
        #expect(copy.description == module.description)
        #expect(copy.stateDict().mapValues(\.floats) == module.stateDict().mapValues(\.floats))
    }

    @Test func readsTheLayerAsItIsNow() throws {
        let layer = try Linear(inFeatures: 4, outFeatures: 3)
        layer.inFeatures = 9
        layer.bias = nil
        #expect(layer.description == "Linear(in_features=9, out_features=3, bias=False)")
    }
}
