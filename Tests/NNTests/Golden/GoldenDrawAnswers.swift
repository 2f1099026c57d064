import OrderedCollections
import Tensors

@testable import NN

/// The golden cases B: what a seed draws, in the arithmetic of PyTorch 2 on x86-64 and in that of 1.0.1.
enum GoldenDrawAnswers {
    static let all = modules.mapValues(state)
    static let tensors: [String: GoldenAnswering] = ["B12": drawUniformly, "B13": drawNormallyTwice]

    private static func state(_ make: @escaping @Sendable (Generator) throws -> Module) -> GoldenAnswering {
        { golden in try make(golden.generator()).stateDict().mapValues { .tensor($0) } }
    }

    @Sendable private static func drawUniformly(_ golden: GoldenCase) throws -> GoldenAnswers {
        ["": .tensor(try Initial.uniform([5], generator: golden.generator()))]
    }

    /// The second draw begins with what the first has left over.
    @Sendable private static func drawNormallyTwice(_ golden: GoldenCase) throws -> GoldenAnswers {
        let generator = try golden.generator()
        let first = try Initial.normal([5], generator: generator)
        let second = try Initial.normal([2], generator: generator)
        return ["0": .tensor(first), "1": .tensor(second)]
    }

    private static let modules: [String: @Sendable (Generator) throws -> Module] = [
        "B01": { try Linear(inFeatures: 4, outFeatures: 3, generator: $0) },
        "B02": { try Linear(inFeatures: 4, outFeatures: 3, bias: false, generator: $0) },
        "B03": { try Linear(inFeatures: 1, outFeatures: 1, generator: $0) },
        "B04": { try Linear(inFeatures: 17, outFeatures: 5, generator: $0) },
        "B05": { try Linear(inFeatures: 3, outFeatures: 2, generator: $0) },
        "B06": { try Linear(inFeatures: 784, outFeatures: 256, generator: $0) },
        "B07": {
            try Sequential(
                Linear(inFeatures: 4, outFeatures: 5, generator: $0),
                ReLU(),
                Linear(inFeatures: 5, outFeatures: 2, generator: $0)
            )
        },
        "B08": { try Bilinear(in1Features: 2, in2Features: 3, outFeatures: 2, generator: $0) },
        "B09": { try Embedding(numEmbeddings: 4, embeddingDim: 3, generator: $0) },
        "B10": { try Embedding(numEmbeddings: 7, embeddingDim: 3, generator: $0) },
        "B11": { try Linear(inFeatures: 4, outFeatures: 3, dtype: .float64, generator: $0) },
    ]
}
