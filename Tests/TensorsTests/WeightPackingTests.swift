import Testing

@testable import Tensors

/// Weights that are packed before their first product give the same bits as those that it packs.
struct WeightPackingTests {
    @Test(
        arguments: [DType.float32, .float64, .float16, .bfloat16],
        [(1, 1), (16, 4), (17, 5), (130, 900), (1_024, 300)]
    )
    func productsHaveTheSameBits(dtype: DType, size: (outputs: Int, inputs: Int)) async throws {
        let random = { (sizes: [Int], seed: UInt64) in
            try Tensor.normal(Shape(checking: sizes), generator: Generator(seed: seed)).converted(to: dtype)
        }
        let weight = try random([size.outputs, size.inputs], 1)
        let input = try random([3, size.inputs], 2)
        let expected = try input.linear(weight: weight)
        let copy = try Tensor(adopting: weight.withUnsafeBytes { [UInt8]($0) }, dtype: dtype, shape: weight.shape)
        await WeightPacking.pack([copy])
        let isPacked = !copy.body.origin.packing.isEmpty
        #expect(isPacked)
        let result = try input.linear(weight: copy)
        #expect(result.withUnsafeBytes { [UInt8]($0) } == expected.withUnsafeBytes { [UInt8]($0) })
    }

    @Test func leavesWhatHasNoPackedForm() async throws {
        let numbers = try Tensor([1, 2, 3] as [Int32])
        let none = try Tensor(adopting: [], dtype: .float32, shape: [0, 4])
        let large = try Tensor.zeros([512, 512], dtype: .int64)
        await WeightPacking.pack([numbers, none, large])
        #expect([numbers, none, large].allSatisfy { $0.body.origin.packing.isEmpty })
    }
}
