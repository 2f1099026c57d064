import Tensors
import Testing

/// `torch.clamp` where integers and NaN are concerned; `Fixtures/torch` has the rest.
struct ClampTests {
    private let numbers: [Int64] = [0, 1, 2, 3]

    @Test(
        arguments: [
            (1, 2, [1, 1, 2, 2]), (2, 1, [1, 1, 1, 1]), (nil, 1, [0, 1, 1, 1]), (2, nil, [2, 2, 2, 3]),
            (nil, nil, [0, 1, 2, 3]),
        ] as [(Int64?, Int64?, [Int64])]
    )
    func leavesIntegersIntegers(min: Int64?, max: Int64?, expected: [Int64]) throws {
        for dtype in [DType.int8, .uint8, .int16, .int32, .int64] {
            let clamped = try Tensor(numbers).converted(to: dtype).clampedIntegers(min: min, max: max)
            #expect(clamped.dtype == dtype)
            #expect(clamped.scalars(as: Int64.self) == expected)
        }
    }

    @Test func takesTheLargestBounds() throws {
        #expect(try Tensor(numbers).clampedIntegers(min: .min, max: .max).scalars(as: Int64.self) == numbers)
        #expect(try Tensor(numbers).clampedIntegers(min: .max).scalars(as: Int64.self) == [.max, .max, .max, .max])
    }

    @Test func makesIntegersOfBooleans() throws {
        let clamped = try Tensor([true, false]).clampedIntegers(min: -2, max: 3)
        #expect(clamped.dtype == .int64)
        #expect(clamped.scalars(as: Int64.self) == [1, 0])
    }

    @Test(
        arguments: [(.int8, 300, "int8_t"), (.uint8, -256, "uint8_t"), (.int32, 1 << 40, "int")]
            as [(DType, Int64, String)]
    )
    func refusesABoundBeyondTheType(dtype: DType, bound: Int64, name: String) throws {
        let tensor = try Tensor(numbers).converted(to: dtype)
        let error = #expect(throws: TensorError.self) { try tensor.clampedIntegers(min: bound) }
        #expect(error?.message() == "value cannot be converted to type \(name) without overflow")
        #expect(try tensor.rows(0..<0).clampedIntegers(min: bound).elementCount == 0)
    }

    @Test func wrapsABoundBelowZeroInAnUnsignedType() throws {
        let tensor = try Tensor(numbers).converted(to: .uint8)
        #expect(try tensor.clampedIntegers(min: -255).scalars(as: Int64.self) == [1, 1, 2, 3])
        #expect(try tensor.clampedIntegers(min: -1, max: 1).scalars(as: Int64.self) == [1, 1, 1, 1])
    }

    @Test func spreadsABoundThatIsNaN() throws {
        let floats = try Tensor([1, 2] as [Float])
        #expect(try floats.clamped(min: .nan).scalars(as: Float.self).allSatisfy(\.isNaN))
        #expect(try floats.clamped(max: .nan).scalars(as: Float.self).allSatisfy(\.isNaN))
        #expect(try floats.clamped(min: 2, max: 1).scalars(as: Float.self) == [1, 1])
    }
}
