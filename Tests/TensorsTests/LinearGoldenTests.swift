import Foundation
import Tensors
import Testing

/// Linear calls recorded from PyTorch 2.13 and 1.0.1: bits, printed text, names of nodes, gradients.
struct LinearGoldenTests {
    struct Golden: Decodable {
        struct Inputs: Decodable {
            let W, x: TorchTensor
            let b, g: TorchTensor?
        }

        struct Answer: Decodable {
            let y: TorchTensor
            let repr, grad_fn: String?
            let x_grad, weight_grad, bias_grad: TorchTensor?
        }

        let id: String
        let inputs: Inputs
        let current: Answer
        let old: Answer?
    }

    private let cases: [Golden]

    init() throws {
        cases = try TorchFixture.load("linear/linear", as: [Golden].self)
    }

    @Test func givesTheBitsTextAndNamesOfBothVersions() throws {
        for golden in cases {
            try check(golden, golden.current, .current)
            if let old = golden.old { try check(golden, old, .torch1_0_1) }
        }
    }

    private func check(_ golden: Golden, _ answer: Golden.Answer, _ compatibility: Compatibility) throws {
        let isCall = answer.grad_fn != nil || golden.inputs.g != nil
        let weight = try golden.inputs.W.tensor.requiringGrad(isCall)
        let bias = try golden.inputs.b?.tensor.requiringGrad()
        let x = try golden.inputs.x.tensor.requiringGrad(golden.inputs.g != nil)
        let y = try compatibility.run {
            try isCall ? x.linear(weight: weight, bias: bias) : weight.matmul(x)
        }
        try expectEqual(y, answer.y, golden.id)
        if let repr = answer.repr { #expect(y.text(compatibility) == repr, "\(golden.id)") }
        if let name = answer.grad_fn { #expect(y.gradFn?.name.text(compatibility) == name, "\(golden.id)") }
        guard let gradient = try golden.inputs.g?.tensor else { return }
        try y.backward(gradient: gradient)
        try expectEqual(x.grad, answer.x_grad, golden.id)
        try expectEqual(weight.grad, answer.weight_grad, golden.id)
        try expectEqual(bias?.grad, answer.bias_grad, golden.id)
    }

    /// Compares bits, but for the sign of a zero sum and the payload of a NaN, which are not promised.
    private func expectEqual(_ tensor: Tensor?, _ recorded: TorchTensor?, _ id: String) throws {
        let (tensor, expected) = (try #require(tensor), try #require(recorded).tensor)
        #expect(tensor.shape == expected.shape, "\(id)")
        let (got, wanted) = (tensor.scalars(as: Float.self), expected.scalars(as: Float.self))
        #expect(zip(got, wanted).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(id): \(got) \(wanted)")
    }
}
