import JSON
import OrderedCollections
import Tensors
import Testing

@testable import NN

/// The golden cases B: what a seed draws, in the arithmetic of PyTorch 2 on x86-64.
///
/// `expected_1_0_1` of these is left out: it is PyTorch 2's too when it runs without fused multiply-add, and one
/// arithmetic is what this library promises.
struct GoldenDrawTests {
    static let modules: [(id: String, make: @Sendable (Generator) throws -> Module)] = [
        ("B01", { try Linear(inFeatures: 4, outFeatures: 3, generator: $0) }),
        ("B02", { try Linear(inFeatures: 4, outFeatures: 3, bias: false, generator: $0) }),
        ("B03", { try Linear(inFeatures: 1, outFeatures: 1, generator: $0) }),
        ("B04", { try Linear(inFeatures: 17, outFeatures: 5, generator: $0) }),
        ("B05", { try Linear(inFeatures: 3, outFeatures: 2, generator: $0) }),
        ("B06", { try Linear(inFeatures: 784, outFeatures: 256, generator: $0) }),
        (
            "B07",
            {
                try Sequential(
                    Linear(inFeatures: 4, outFeatures: 5, generator: $0),
                    ReLU(),
                    Linear(inFeatures: 5, outFeatures: 2, generator: $0)
                )
            }
        ),
        ("B08", { try Bilinear(in1Features: 2, in2Features: 3, outFeatures: 2, generator: $0) }),
        ("B09", { try Embedding(numEmbeddings: 4, embeddingDim: 3, generator: $0) }),
        ("B10", { try Embedding(numEmbeddings: 7, embeddingDim: 3, generator: $0) }),
        ("B11", { try Linear(inFeatures: 4, outFeatures: 3, dtype: .float64, generator: $0) }),
    ]

    @Test(arguments: modules.indices) func drawsTheBitsOfPyTorch(index: Int) throws {
        let (id, make) = Self.modules[index]
        let golden = try #require(GoldenCase.named(id))
        let state = try make(golden.generator()).stateDict()
        #expect(Array(state.keys) == golden.names)
        for (name, tensor) in state { try golden.expect(tensor, name) }
    }

    @Test func drawsUniformNumbers() throws {
        let golden = try #require(GoldenCase.named("B12"))
        try golden.expect(Initial.uniform([5], generator: golden.generator()))
    }

    @Test func drawsNormalNumbersAndKeepsTheSpareOne() throws {
        let golden = try #require(GoldenCase.named("B13"))
        let generator = try golden.generator()
        let drawn = try [Initial.normal([5], generator: generator), Initial.normal([2], generator: generator)]
        for (index, tensor) in drawn.enumerated() {
            try golden.expect(tensor, in: golden.expected[index])
        }
    }
}
