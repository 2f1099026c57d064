import Tensors
import Testing

/// Without elements, batch normalisation looks at no channel count, as in PyTorch.
struct EmptyBatchNormTests {
    private static let shapes: [Shape] = [
        [0, 5], [5, 0], [0, 3], [0, 3, 2], [0, 5, 2], [2, 5, 0], [2, 0, 4], [0, 0], [1, 5, 0], [0, 5, 2, 2],
    ]

    private static func ones(_ dtype: DType = .float32) throws -> Tensor { try .ones([3], dtype: dtype) }

    @Test(arguments: shapes) func returnsTheEmptyTensor(shape: Shape) throws {
        for training in [false, true] {
            let (input, ones) = (try Tensor.zeros(shape), try Self.ones())
            let output = try input.batchNorm(
                mean: ones,
                variance: ones,
                weight: ones,
                bias: ones,
                training: training
            )
            #expect(output.shape == shape)
            #expect(output.dtype == .float32)
        }
    }

    @Test(
        arguments: [
            (.float32, .float32, .float32), (.float64, .float32, .float64), (.int64, .float32, .float32),
            (.float16, .float32, .float16), (.float32, .float64, .float32), (.int64, .float64, .float64),
            (.bool, .float64, .float64), (.int64, nil, .int64), (.bool, nil, .bool),
        ] as [(DType, DType?, DType)]
    )
    func promotesAsTheProductWouldBe(input: DType, parameter: DType?, expected: DType) throws {
        let weight = try parameter.map { try Self.ones($0) }
        let output = try Tensor.zeros([0, 5], dtype: input).batchNorm(
            mean: nil,
            variance: nil,
            weight: weight,
            bias: weight,
            training: false
        )
        #expect(output.dtype == expected)
    }

    @Test func givesGradientsOfZero() throws {
        let input = try Tensor.zeros([0, 5]).requiringGrad()
        let (weight, bias) = (try Self.ones().requiringGrad(), try Self.ones().requiringGrad())
        let output = try input.batchNorm(mean: nil, variance: nil, weight: weight, bias: bias, training: false)
        #expect(output.gradFn?.name.current == "AddBackward0")
        try output.sum().backward()
        #expect(input.grad?.shape == [0, 5])
        #expect(weight.grad?.scalars(as: Float.self) == [0, 0, 0])
        #expect(bias.grad?.scalars(as: Float.self) == [0, 0, 0])
    }

    @Test func stillWantsSeveralValuesInTraining() throws {
        let error = #expect(throws: TensorError.self) {
            try Tensor.zeros([1, 0]).batchNorm(mean: nil, variance: nil, training: true)
        }
        let text = "Expected more than 1 value per channel when training, got input size torch.Size([1, 0])"
        #expect(error?.message() == text)
    }

    @Test func findsNoFirstOfNoParameters() throws {
        let none = try Tensor.ones([0])
        let error = #expect(throws: TensorError.self) {
            try Tensor.zeros([0, 5]).batchNorm(mean: none, variance: none, weight: none, bias: none, training: false)
        }
        #expect(error?.message() == "select(): index 0 out of range for tensor of size [0] at dimension 0")
        #expect(error?.kind == .index)
    }
}
