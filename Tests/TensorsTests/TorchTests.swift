import Tensors
import Testing

/// What PyTorch itself answered, replayed: values, error texts, names of nodes, gradients, printing.
struct TorchTests {
    @Test func answersAsPyTorch() throws {
        for recorded in try TorchFixture.load("torch/operations", as: [TorchCase].self) {
            do {
                try replay(recorded)
            } catch let error as TensorError {
                Issue.record("\(recorded.testDescription): \(error.kind.rawValue) \(error)")
            }
        }
    }

    @Test func printsAsPyTorch() throws {
        for recorded in try TorchFixture.load("torch/prints", as: [TorchPrint].self) {
            let tensor = try recorded.tensor.tensor.requiringGrad(recorded.requires_grad)
            #expect(tensor.description == recorded.text)
        }
    }

    private func replay(_ recorded: TorchCase) throws {
        let inputs = try zip(recorded.inputs, recorded.requires).map { try $0?.tensor.requiringGrad($1) }
        if let expected = recorded.error {
            let error = #expect(throws: TensorError.self, "\(recorded.testDescription)") { try recorded.call(inputs) }
            #expect(error?.message() == expected.text, "\(recorded.testDescription)")
            #expect(error?.kind.rawValue == expected.kind, "\(recorded.testDescription)")
            return
        }
        let output = try recorded.call(inputs)
        try expect(output, recorded.output, recorded.testDescription)
        #expect(output.gradFn?.name.current == recorded.gradFn, "\(recorded.testDescription)")
        guard output.requiresGrad else { return }
        try output.backward(gradient: ramp(like: output))
        for (index, gradient) in (recorded.gradients ?? []).enumerated() {
            // Going backward with halves, PyTorch rounds between steps where we round once.
            let isRough = recorded.inputs.contains { $0?.dtype.isHalf ?? false }
            let comment = "gradient \(index) of \(recorded.testDescription)"
            try expect(inputs[index]?.grad, gradient, comment, slack: isRough ? 1e-2 : 0)
        }
    }

    private func expect(_ tensor: Tensor?, _ recorded: TorchTensor?, _ comment: String, slack: Double = 0) throws {
        guard let tensor, let expected = try recorded?.tensor else {
            #expect(tensor == nil && recorded == nil, "\(comment)")
            return
        }
        #expect(tensor.dtype == expected.dtype, "\(comment)")
        #expect(tensor.shape == expected.shape, "\(comment)")
        let (got, wanted) = (tensor.scalars(as: Double.self), expected.scalars(as: Double.self))
        let (relative, absolute) = tolerance(of: expected.dtype)
        let areClose = zip(got, wanted).allSatisfy { got, wanted in
            got == wanted || (got.isNaN && wanted.isNaN)
                || abs(got - wanted) <= absolute + slack + (relative + slack) * abs(wanted)
        }
        #expect(areClose, "\(comment): got \(got), expected \(wanted)")
    }

    /// PyTorch's own tolerances for each dtype, but for float16, where it rounds between steps and we do not.
    private func tolerance(of dtype: DType) -> (relative: Double, absolute: Double) {
        switch dtype {
        case .float32: (1.3e-6, 1e-5)
        case .float64: (1e-7, 1e-7)
        case .float16: (2e-3, 1e-5)
        case .bfloat16: (1.6e-2, 1e-5)
        default: (0, 0)
        }
    }

    /// The gradient that the generator starts from.
    private func ramp(like tensor: Tensor) throws -> Tensor {
        let numbers = (0..<tensor.elementCount).map { Double((7 * $0) % 23 - 11) / 8 }
        return try Tensor(numbers, shape: tensor.shape).converted(to: tensor.dtype)
    }
}
