import Tensors
import Testing

/// `hardtanh` of integers, whose bounds lose their fractions before anything looks at them.
struct HardtanhTests {
    @Test(
        arguments: [
            (-0.5, 2.5, [0, 1, 2]), (-0.99, 2, [0, 1, 2]), (0, 2.9, [0, 1, 2]), (-0.5, -0.2, [0, 0, 0]),
            (0.5, 2.5, [0, 1, 2]), (-0.5, -0.0, [0, 0, 0]), (0, 255.9, [0, 1, 5]),
        ] as [(Double, Double, [Int64])]
    )
    func cutsTheBoundsOfBytes(min: Double, max: Double, expected: [Int64]) throws {
        let result = try Tensor([0, 1, 5] as [UInt8]).hardtanh(min: min, max: max)
        #expect(result.dtype == .uint8)
        #expect(result.scalars(as: Int64.self) == expected)
    }

    @Test(arguments: [(-1, 2), (-2.5, -1.5), (-1.0, 0.5)] as [(Double, Double)])
    func refusesBoundsBelowZeroForBytes(min: Double, max: Double) throws {
        for count in [0, 3] {
            let bytes = try Tensor([UInt8](repeating: 1, count: count))
            let error = #expect(throws: TensorError.self) { try bytes.hardtanh(min: min, max: max) }
            #expect(error?.message() == "cannot do hardtanh on an unsigned type with negative limits")
        }
    }

    @Test(
        arguments: [
            (.uint8, 0, 300, "uint8_t"), (.uint8, 0, .infinity, "int64_t"), (.uint8, .nan, 2, "int64_t"),
            (.uint8, 3, 1e19, "int64_t"), (.int8, -200, 2, "int8_t"), (.int8, 0, 128, "int8_t"),
            (.int16, -.infinity, 2.5, "int64_t"), (.int64, 0, .infinity, "int64_t"),
        ] as [(DType, Double, Double, String)]
    )
    func refusesBoundsThatTheTypeDoesNotHold(dtype: DType, min: Double, max: Double, name: String) throws {
        let tensor = try Tensor([0, 1, 5] as [Int64]).converted(to: dtype)
        let error = #expect(throws: TensorError.self) { try tensor.hardtanh(min: min, max: max) }
        #expect(error?.message() == "value cannot be converted to type \(name) without overflow")
    }

    @Test(arguments: [.int8, .int16, .int32, .int64] as [DType]) func cutsTowardZero(dtype: DType) throws {
        let tensor = try Tensor([-3, 0, 1, 5] as [Int64]).converted(to: dtype)
        #expect(try tensor.hardtanh(min: -0.5, max: 2.5).scalars(as: Int64.self) == [0, 0, 1, 2])
        #expect(try tensor.hardtanh(min: -1.5, max: 127.5).scalars(as: Int64.self) == [-1, 0, 1, 5])
    }
}
