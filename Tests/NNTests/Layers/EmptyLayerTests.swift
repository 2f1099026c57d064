import NN
import OrderedCollections
import Tensors
import Testing

/// Layers without inputs, and layers that get no elements.
struct EmptyLayerTests {
    @Test(arguments: [.float32, .float64, .float16, .bfloat16] as [DType], [nil, 0, 7] as [UInt64?])
    func aBiasOfALayerWithoutInputsIsPlusZero(dtype: DType, seed: UInt64?) throws {
        try Warnings.handled(by: { _ in }) {
            let generator = seed.map { Generator(seed: $0) }
            let layer = try Linear(inFeatures: 0, outFeatures: 3, dtype: dtype, generator: generator)
            let nested = try Sequential([Flatten(), layer])
            for tensor in [try #require(layer.bias).tensor, try nested(Tensor.zeros([2, 0], dtype: dtype))] {
                #expect(tensor.scalars(as: Double.self).allSatisfy { $0 == 0 && $0.sign == .plus })
            }
        }
    }

    @Test func drawsTheBiasOfALayerWithoutInputs() throws {
        try Warnings.handled(by: { _ in }) {
            let generator = Generator(seed: 3)
            _ = try Linear(inFeatures: 0, outFeatures: 3, generator: generator)
            let next = try Linear(inFeatures: 2, outFeatures: 2, generator: generator)
            let weight = try #require(next.weight).tensor.scalars(as: Float.self)
            #expect(weight == [-0.6689868569374084, -0.04014335572719574, -0.6220895051956177, 0.38447636365890503])
        }
    }

    @Test func anEmptyBatchCountsAndMovesNothing() throws {
        let layer = try BatchNorm1d(numFeatures: 3)
        #expect(try layer(Tensor.zeros([0, 5])).shape == [0, 5])
        let state = layer.stateDict()
        #expect(state["running_mean"]?.scalars(as: Float.self) == [0, 0, 0])
        #expect(state["running_var"]?.scalars(as: Float.self) == [1, 1, 1])
        #expect(state["num_batches_tracked"]?.scalars(as: Int64.self) == [1])
        #expect(throws: ModuleError.self) { try layer(Tensor.zeros([0])) }
    }
}
