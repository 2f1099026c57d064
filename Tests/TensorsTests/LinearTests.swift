import Tensors
import Testing

struct LinearTests {
    private let weight: Tensor

    init() throws {
        weight = try Tensor([1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6] as [Float], shape: [3, 4])
    }

    @Test func repeatsTheTutorial() throws {
        let input = try Tensor([1, 2, 3, 4] as [Float])
        #expect(try input.linear(weight: weight).description == "tensor([30., 40., 50.])")
        let bias = try Tensor([0.0261, 0.1404, -0.2357] as [Float])
        #expect(try input.linear(weight: weight, bias: bias).description == "tensor([30.0261, 40.1404, 49.7643])")
        #expect(try weight.matmul(input).scalars(as: Float.self) == [30, 40, 50])
    }

    @Test func namesItsGraph() throws {
        let weight = try weight.requiringGrad()
        let bias = try Tensor([0, 0, 0] as [Float]).requiringGrad()
        let output = try Tensor([1, 2, 3, 4] as [Float]).linear(weight: weight, bias: bias)
        #expect(output.description == "tensor([30., 40., 50.], grad_fn=<ViewBackward0>)")
        #expect(output.gradFn?.nextNodes.first??.name.current == "AddmmBackward0")
    }
}
