import Tensors
import Testing

struct AutogradTests {
    @Test func accumulatesIntoLeaves() throws {
        let x = try Tensor([1, 2, 3] as [Float]).requiringGrad()
        let y = try (x * x).sum()
        try y.backward()
        #expect(x.grad?.scalars(as: Float.self) == [2, 4, 6])
        #expect(throws: TensorError.secondBackward) { try y.backward() }
    }
}
