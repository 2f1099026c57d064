import Tensors
import Testing

/// What PyTorch 2.13 makes of `x[at] = x[at] * 10`, and of values that do not fit.
struct AssigningTests {
    private func x() throws -> Tensor { try Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [2, 3]) }

    private static func list(_ numbers: [Int64]) -> Index {
        // Two numbers at most: there is room for them.
        (try? Tensor(numbers)).map(Index.tensor) ?? .ellipsis
    }

    @Test(
        arguments: [
            ([.at(1)], [0, 1, 2, 30, 40, 50], "CopySlices", [1, 2, 3, 40, 50, 60]),
            ([.at(0), .at(1)], [0, 10, 2, 3, 4, 5], "CopySlices", [1, 20, 3, 4, 5, 6]),
            ([.at(-1), .at(-3)], [0, 1, 2, 30, 4, 5], "CopySlices", [1, 2, 3, 40, 5, 6]),
            ([list([1, 0])], [0, 10, 20, 30, 40, 50], "IndexPutBackward0", [10, 20, 30, 40, 50, 60]),
            ([.ellipsis, list([0, 2])], [0, 1, 20, 30, 4, 50], "IndexPutBackward0", [10, 2, 30, 40, 5, 60]),
            ([.slice(), .slice(start: 1)], [0, 10, 20, 3, 40, 50], "CopySlices", [1, 20, 30, 4, 50, 60]),
            ([.slice(start: 1), list([-1])], [0, 1, 2, 3, 4, 50], "CopySlices", [1, 2, 3, 4, 5, 60]),
            ([list([0, 1]), list([2, 0])], [0, 1, 20, 30, 4, 5], "IndexPutBackward0", [1, 2, 30, 40, 5, 6]),
            ([.ellipsis], [0, 10, 20, 30, 40, 50], "CopyBackwards", [10, 20, 30, 40, 50, 60]),
            ([], [0, 10, 20, 30, 40, 50], "CopyBackwards", [10, 20, 30, 40, 50, 60]),
            ([.slice(step: 2)], [0, 10, 20, 3, 4, 5], "CopySlices", [10, 20, 30, 4, 5, 6]),
            ([list([])], [0, 1, 2, 3, 4, 5], "IndexPutBackward0", [1, 2, 3, 4, 5, 6]),
            ([.slice(start: 5, stop: 9)], [0, 1, 2, 3, 4, 5], "CopySlices", [1, 2, 3, 4, 5, 6]),
            ([.ellipsis, .at(1)], [0, 10, 2, 3, 40, 5], "CopySlices", [1, 20, 3, 4, 50, 6]),
            ([list([1, 1])], [0, 1, 2, 30, 40, 50], "IndexPutBackward0", [1, 2, 3, 80, 100, 120]),
        ] as [([Index], [Float], String, [Float])]
    )
    func changesWhatAnIndexNames(at: [Index], expected: [Float], node: String, gradient: [Float]) throws {
        let x = try x().requiringGrad()
        let y = try x.replacing(at: at, with: x.item(at: at) * 10)
        #expect(y.scalars(as: Float.self) == expected)
        #expect(y.gradFn?.name.text(.current) == node)
        let weights = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        let got = try Autograd.gradients(of: [y], gradOutputs: [weights], withRespectTo: [x])
        #expect(got.first??.scalars(as: Float.self) == gradient)
    }

    @Test(
        arguments: [
            ([.at(0)], [1, 3], [1, 2, 3], [1, 2, 3, 3, 4, 5]),
            ([.at(0), .at(0)], [1, 1, 1], [1], [1, 1, 2, 3, 4, 5]),
            ([.ellipsis, list([0, 2])], [1, 2], [9, 8], [9, 1, 8, 9, 4, 8]),
            ([list([0, 0])], [2, 3], [1, 1, 1, 2, 2, 2], [2, 2, 2, 3, 4, 5]),
            ([.at(0), list([0, 1])], [1, 2], [1, 2], [1, 2, 2, 3, 4, 5]),
            ([list([0, 1]), .at(0)], [2], [3, 4], [3, 1, 2, 4, 4, 5]),
            ([.slice(start: 0, stop: 0)], [3], [1, 2, 3], [0, 1, 2, 3, 4, 5]),
        ] as [([Index], Shape, [Float], [Float])]
    )
    func stretchesAsPyTorchDoes(at: [Index], shape: Shape, numbers: [Float], expected: [Float]) throws {
        let value = try Tensor(numbers, shape: shape)
        #expect(try x().replacing(at: at, with: value).scalars(as: Float.self) == expected)
    }

    @Test(
        arguments: [
            (
                [.slice()], [2],
                "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 1.  "
                    + "Target sizes: [2, 3].  Tensor sizes: [2]"
            ),
            (
                [list([0, 1])], [2],
                "shape mismatch: value tensor of shape [2] cannot be broadcast to indexing result of shape [2, 3]"
            ),
            (
                [.at(0), .at(0)], [2],
                "expand(torch.FloatTensor{[2]}, size=[]): the number of sizes provided (0) must be greater or equal to "
                    + "the number of dimensions in the tensor (1)"
            ),
            ([.at(5)], [1], "index 5 is out of bounds for dimension 0 with size 2"),
            ([.ellipsis, list([0, 3])], [1], "index 3 is out of bounds for dimension 0 with size 3"),
            ([.slice(), list([-4])], [1], "index -4 is out of bounds for dimension 0 with size 3"),
            ([list([0, 1]), list([0, 3])], [1], "index 3 is out of bounds for dimension 1 with size 3"),
            ([.at(0), list([3])], [1], "index 3 is out of bounds for dimension 0 with size 3"),
            ([.at(0), .at(0), .at(0)], [1], "too many indices for tensor of dimension 2"),
            ([.at(.min)], [1], "index \(Int.min) is out of bounds for dimension 0 with size 2"),
        ] as [([Index], Shape, String)]
    )
    func saysWhatDoesNotFit(at: [Index], shape: Shape, text: String) throws {
        let error = #expect(throws: TensorError.self) { try x().replacing(at: at, with: .ones(shape)) }
        #expect(error?.message() == text)
    }

    @Test func takesOtherTypesWhereAPartIsShownOnly() throws {
        let value = try Tensor([1, 2, 3] as [Int64])
        #expect(try x().replacing(at: [.at(0)], with: value).scalars(as: Float.self) == [1, 2, 3, 3, 4, 5])
        let bytes = try Tensor([1, 2, 3] as [UInt8]).replacing(
            at: [.slice(start: 1)],
            with: Tensor([300, -1] as [Int64])
        )
        #expect(bytes.scalars(as: Int64.self) == [1, 44, 255])
        let error = #expect(throws: TensorError.self) { try x().replacing(at: [Self.list([0])], with: value) }
        let text =
            "Index put requires the source and destination dtypes match, got Float for the destination and Long for"
        #expect(error?.message() == "\(text) the source.")
    }

    @Test(arguments: [DType.float64, .float16, .bfloat16, .int64, .uint8, .bool])
    func worksOnEveryType(dtype: DType) throws {
        let y = try Tensor.zeros([2, 2], dtype: dtype).replacing(at: [.at(-1), .at(0)], with: .ones([], dtype: dtype))
        #expect(y.dtype == dtype && y.scalars(as: Int64.self) == [0, 0, 1, 0])
    }
}
