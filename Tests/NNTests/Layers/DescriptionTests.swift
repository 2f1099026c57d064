import OrderedCollections
import Tensors
import Testing

@testable import NN

/// How modules print, against PyTorch.
struct DescriptionTests {
    private static func line() throws -> Linear { try Linear(inFeatures: 2, outFeatures: 3) }

    private static func wholeBatchNorm() throws -> BatchNorm1d {
        var options = BatchNorm1d.Options()
        (options.epsilon, options.momentum) = (1, 1)
        return try BatchNorm1d(numFeatures: 3, options: options)
    }

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
        "ELU whole": { ELU(alpha: 2) },
        "ELU true": { ELU(alpha: .bool(true)) },
        "LeakyReLU whole": { LeakyReLU(negativeSlope: 1) },
        "Hardtanh whole": { try Hardtanh(minVal: -1, maxVal: 1.0) },
        "Softplus whole": { Softplus(beta: 1, threshold: 20) },
        "Dropout whole": { try Dropout(p: 0) },
        "LayerNorm whole": { try LayerNorm(normalizedShape: [3], epsilon: 1) },
        "RMSNorm whole": { try RMSNorm(normalizedShape: [3], epsilon: 1) },
        "BatchNorm1d whole": { try wholeBatchNorm() },
        "ELU inplace": { ELU(alpha: 2.5, inplace: true) },
        "GELU": { GELU() },
        "GELU tanh": { GELU(approximate: .tanh) },
        "SiLU": { SiLU() },
        "SiLU inplace": { SiLU(inplace: true) },
        "CELU inplace": { CELU(inplace: true) },
        "SELU inplace": { SELU(inplace: true) },
        "Mish inplace": { Mish(inplace: true) },
        "Hardsigmoid inplace": { Hardsigmoid(inplace: true) },
        "Hardswish inplace": { Hardswish(inplace: true) },
        "Sigmoid": { Sigmoid() },
        "Tanh": { Tanh() },
        "Softplus": { Softplus() },
        "Hardtanh": { try Hardtanh() },
        "Hardtanh inplace": { try Hardtanh(minVal: -0.5, maxVal: 2.0, inplace: true) },
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

    /// What PyTorch 1.0.1's own `extra_repr` gives, where it differs; it has no Identity, Flatten, GELU, SiLU and RMSNorm.
    private static let oldTexts = [
        "ReLU inplace": "ReLU(inplace)",
        "LeakyReLU inplace": "LeakyReLU(negative_slope=0.2, inplace)",
        "Dropout whole": "Dropout(p=0)",
        "LayerNorm whole": "LayerNorm(torch.Size([3]), eps=1, elementwise_affine=True)",
        "BatchNorm1d whole": "BatchNorm1d(3, eps=1, momentum=1, affine=True, track_running_stats=True)",
        "ELU inplace": "ELU(alpha=2.5, inplace)",
        "Softplus": "Softplus(beta=1, threshold=20)",
        "Hardtanh inplace": "Hardtanh(min_val=-0.5, max_val=2.0, inplace)",
        "Softmax": "Softmax()",
        "Softmax none": "Softmax()",
        "LogSoftmax": "LogSoftmax()",
        "LayerNorm": "LayerNorm(torch.Size([3]), eps=1e-05, elementwise_affine=True)",
        "LayerNorm two": "LayerNorm(torch.Size([2, 3]), eps=0.001, elementwise_affine=True)",
        "LayerNorm plain": "LayerNorm(torch.Size([3]), eps=1e-05, elementwise_affine=False)",
        "Dropout": "Dropout(p=0.5)",
        "Dropout inplace": "Dropout(p=0.25, inplace)",
        "BatchNorm1d": "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
        "BatchNorm1d options":
            "BatchNorm1d(3, eps=0.001, momentum=None, affine=False, track_running_stats=False)",
        "CELU inplace": "CELU(alpha=1.0, inplace)", "SELU inplace": "SELU(inplace)",
        // It had none of these, which print like its others.
        "Mish inplace": "Mish(inplace)", "Hardsigmoid inplace": "Hardsigmoid(inplace)",
        "Hardswish inplace": "Hardswish(inplace)",
        "ModuleList": """
        ModuleList(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): Linear(in_features=2, out_features=3, bias=True)
          (2): ReLU()
          (3): Linear(in_features=2, out_features=3, bias=True)
        )
        """,
        "nested": """
        Sequential(
          (0): Sequential(
            (0): Linear(in_features=2, out_features=2, bias=True)
            (1): ModuleList(
              (0): ReLU()
              (1): ReLU()
            )
          )
          (1): Tanh()
        )
        """,
    ]

    @Test(arguments: modules.keys.sorted()) func printsAsTheOldPyTorch(name: String) throws {
        let make = try #require(Self.modules[name])
        let module = try make()
        let expected = Self.oldTexts[name] ?? module.description
        #expect(module.text(.torch1_0_1) == expected)
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
