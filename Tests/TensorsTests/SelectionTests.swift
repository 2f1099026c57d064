import Tensors
import Testing

struct SelectionTests {
    @Test func keepsTheLargestAndTheFirstAmongEqualOnes() throws {
        let x = try Tensor([3, 1, 3, 3, 2, 9, 8, 7, 6, 5] as [Float], shape: [2, 5])
        #expect(try x.keepingTopK(2).scalars(as: Float.self) == [3, 0, 3, 0, 0, 9, 8, 0, 0, 0])
        #expect(try x.keepingTopK(0).scalars(as: Float.self).allSatisfy { $0 == 0 })
        #expect(try x.keepingTopK(5).scalars(as: Float.self) == x.scalars(as: Float.self))
        for k in [-1, 6, .max, .min] { #expect(throws: TensorError.topKOutOfRange) { try x.keepingTopK(k) } }
    }

    @Test func takesNaNForTheLargest() throws {
        let x = try Tensor([1, .nan, .infinity, -.infinity] as [Float])
        let kept = try x.keepingTopK(2).scalars(as: Float.self)
        #expect(kept[1].isNaN && kept[2] == .infinity && kept[0] == 0 && kept[3] == 0)
    }

    @Test func zeroesIndicesWhateverStandsThere() throws {
        let x = try Tensor([1, .nan, 3, 4, .infinity, 6] as [Double], shape: [2, 3])
        #expect(try x.zeroing(indices: [1, 1]).scalars(as: Double.self) == [1, 0, 3, 4, 0, 6])
        #expect(try x.zeroing(indices: [-1]).scalars(as: Double.self).suffix(2) == [.infinity, 0])
        for index in [-4, 3, .max] {
            #expect(throws: TensorError.indexOutOfBounds(index, dimension: 0, size: 3)) {
                try x.zeroing(indices: [index])
            }
        }
        #expect(try Tensor(scalar: 5 as Float).zeroing(indices: [0]).item() == 0)
    }

    @Test(arguments: [DType.int64, .uint8, .bool, .float16, .bfloat16])
    func worksOnEveryType(dtype: DType) throws {
        let x = try Tensor([0, 1, 0, 1] as [Float]).converted(to: dtype)
        let kept = try x.keepingTopK(1)
        #expect(kept.dtype == dtype && kept.scalars(as: Int64.self) == [0, 1, 0, 0])
    }

    /// The draws of `torch.manual_seed(3); nn.Dropout(0.3)` on ones.
    @Test func dropsWhatPyTorchDrops() throws {
        let x = try Tensor.ones([10])
        let dropped = try x.dropout(p: 0.3, generator: Generator(seed: 3))
        let kept: Float = 1.4285715
        #expect(dropped.scalars(as: Float.self) == [kept, kept, 0, kept, 0, kept, kept, kept, kept, 0])
        #expect(try x.dropout(p: 0, generator: Generator(seed: 3)).scalars(as: Float.self) == x.scalars(as: Float.self))
        #expect(try x.dropout(p: 1, generator: Generator(seed: 3)).scalars(as: Float.self).allSatisfy { $0 == 0 })
        #expect(throws: TensorError.invalidDropout(1.5)) { try x.dropout(p: 1.5, generator: Generator(seed: 3)) }
        #expect(
            TensorError.invalidDropout(1.5).message() == "dropout probability has to be between 0 and 1, but got 1.5"
        )
    }
}
