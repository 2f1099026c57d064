import Tensors
import Testing

struct RandomTensorTests {
    // torch.manual_seed(0); torch.nn.Linear(4, 3): the weight first, then the bias, in one stream.
    @Test func followsOneStream() throws {
        let generator = Generator(seed: 0)
        let weight = try Tensor.uniform([3, 4], from: -0.5, to: 0.5, generator: generator)
        let bias = try Tensor.uniform([3], from: -0.5, to: 0.5, generator: generator)
        #expect(weight.shape == [3, 4])
        #expect(weight.scalars(as: Float.self).prefix(3) == [-0.0037434101, 0.2682218, -0.41152257])
        #expect(bias.scalars(as: Float.self).allSatisfy { -0.5..<0.5 ~= $0 })
        #expect(bias.scalars(as: Float.self) != Array(weight.scalars(as: Float.self).prefix(3)))
    }

    @Test(arguments: [DType.float32, .bool, .int64])
    func drawsEvents(dtype: DType) throws {
        let events = try Tensor.bernoulli([1000], probability: 0.3, dtype: dtype, generator: Generator(seed: 2))
        let sum = events.scalars(as: Double.self).reduce(0, +)
        #expect(events.dtype == dtype)
        #expect(260...340 ~= sum)
    }

    @Test(arguments: [
        (1, 0, DType.float32, "uniform_ expects to return a [from, to) range, but found from=1 > to=0"),
        (0, .nan, .float32, "to is out of bounds for float"),
        (-.infinity, 0, .float64, "from is out of bounds for double"),
        (0, 1e5, .float16, "to is out of bounds for c10::Half"),
        (
            -3e38, 3e38, .bfloat16,
            "uniform_ expects to-from <= std::numeric_limits<BFloat16>::max(), but found to=3e+38 and from=-3e+38 "
                + "which result in to-from to exceed the limit"
        ),
        (0, 1, .int64, "\"check_uniform_bounds\" not implemented for 'Long'"),
    ])
    func refusesBoundsAsPyTorchDoes(low: Double, high: Double, dtype: DType, message: String) {
        let error = #expect(throws: TensorError.self) { try Tensor.uniform([3], from: low, to: high, dtype: dtype) }
        #expect(error?.message() == message)
    }

    @Test func refusesOtherParametersAsPyTorchDoes() {
        let deviation = #expect(throws: TensorError.self) { try Tensor.normal([3], deviation: -1) }
        #expect(deviation?.message() == "normal expects std >= 0.0, but found std -1")
        let dtype = #expect(throws: TensorError.self) { try Tensor.normal([3], dtype: .bool) }
        #expect(dtype?.message() == "\"normal_kernel_cpu\" not implemented for 'Bool'")
        let probability = #expect(throws: TensorError.self) { try Tensor.bernoulli([3], probability: .nan) }
        #expect(probability?.message() == "bernoulli_ expects p to be in [0, 1], but got p=nan")
    }
}
