import Tensors
import Testing

/// `torch.tensor` of nested data: shapes, dtypes and error texts recorded from PyTorch 2.13.
struct NestedValueTests {
    private static let one = NestedValue.list([.int(1)])
    private static let two = NestedValue.list([.int(1), .int(2)])

    @Test(
        arguments: [
            (.int(3), [], .int64),
            (.list([.int(1), .int(2)]), [2], .int64),
            (.list([.int(1), .double(0.5)]), [2], .float32),
            (.list([.bool(true), .bool(false)]), [2], .bool),
            (.list([.bool(true), .int(2)]), [2], .int64),
            (.list([.bool(true), .double(2.5)]), [2], .float32),
            (.list([]), [0], .float32),
            (.list([.list([])]), [1, 0], .float32),
            (.list([.list([]), .list([])]), [2, 0], .float32),
            (.list([.list([]), .int(1)]), [2, 0], .float32),
            (.list([.list([.list([])]), .list([])]), [2, 1, 0], .float32),
            (.list([.bigInteger(0x1p63), .double(1.5)]), [2], .float32),
            (.list([two, two, two]), [3, 2], .int64),
        ] as [(NestedValue, [Int], DType)]
    )
    func infersShapeAndType(nested: NestedValue, shape: [Int], dtype: DType) throws {
        let tensor = try Tensor(nested: nested)
        #expect(tensor.shape.dimensions == shape)
        #expect(tensor.dtype == dtype)
    }

    @Test(
        arguments: [
            (.list([two, one]), "ValueError", "expected sequence of length 2 at dim 1 (got 1)"),
            (
                .list([.list([two, two]), .list([two, one])]), "ValueError",
                "expected sequence of length 2 at dim 2 (got 1)"
            ),
            (.list([one, .list([])]), "ValueError", "expected sequence of length 1 at dim 1 (got 0)"),
            (.list([.int(1), .list([.int(2)])]), "TypeError", "'list' object cannot be interpreted as an integer"),
            (.list([.double(1), .list([])]), "TypeError", "must be real number, not list"),
            (.list([.int(1), .list([])]), "TypeError", "must be real number, not list"),
            (.list([one, .int(2)]), "TypeError", "not a sequence"),
            (.list([.int(1), .string("a")]), "TypeError", "new(): invalid data type 'str'"),
            (.string("a"), "TypeError", "new(): invalid data type 'str'"),
            (.list([two, .string("ab")]), "TypeError", "new(): invalid data type 'str'"),
            (.list([.string("a")]), "ValueError", "too many dimensions 'str'"),
            (.list([.string("a"), .int(1)]), "ValueError", "too many dimensions 'str'"),
            (.null, "RuntimeError", "Could not infer dtype of NoneType"),
            (.list([.int(1), .null]), "RuntimeError", "Could not infer dtype of NoneType"),
            (.list([one, .null]), "RuntimeError", "Could not infer dtype of NoneType"),
            (.dict, "RuntimeError", "Could not infer dtype of dict"),
            (.list([.dict]), "RuntimeError", "Could not infer dtype of dict"),
            (.list([.bigInteger(0x1p63)]), "ValueError", "Overflow when unpacking long long"),
            (.list([.bool(true), .bigInteger(0x1p63)]), "ValueError", "Overflow when unpacking long long"),
        ] as [(NestedValue, String, String)]
    )
    func refusesAsPyTorch(nested: NestedValue, kind: String, text: String) {
        let error = #expect(throws: TensorError.self) { try Tensor(nested: nested) }
        #expect(error?.kind.rawValue == kind)
        #expect(error?.message() == text)
    }

    @Test(
        arguments: [
            (.double(.nan), .int64), (.double(.nan), .int32), (.double(1e30), .int64), (.int(300), .uint8),
            (.double(300), .uint8), (.double(-0.5), .uint8), (.double(255.9), .uint8), (.int(1 << 40), .int32),
            (.int(1 << 31), .int32), (.int(-129), .int8), (.double(.infinity), .int8), (.double(9.3e18), .int64),
            (.int(65536), .uint16),
        ] as [(NestedValue, DType)]
    )
    func refusesNumbersBeyondAnIntegerType(nested: NestedValue, dtype: DType) {
        let error = #expect(throws: TensorError.self) { try Tensor(nested: .list([nested]), dtype: dtype) }
        #expect(error?.message() == "value cannot be converted to type \(dtype.rawValue) without overflow")
    }

    @Test(
        arguments: [
            (.double(1e40), .float32, .infinity), (.double(1e-46), .float32, 0), (.double(70000), .float16, .infinity),
            (.double(1.7), .int8, 1), (.double(-1.7), .int8, -1), (.int(-1), .uint8, 255), (.int(2), .bool, 1),
            (.double(.nan), .bool, 1), (.int(-1), .uint32, 4_294_967_295), (.bigInteger(0x1p64), .float64, 0x1p64),
            (.int(1 << 53 + 1), .float64, 0x1p53),
        ] as [(NestedValue, DType, Double)]
    )
    func convertsToTheGivenType(nested: NestedValue, dtype: DType, value: Double) throws {
        #expect(try Tensor(nested: nested, dtype: dtype).item() == value)
    }

    @Test func refusesListsTooDeep() throws {
        func nested(_ depth: Int) -> NestedValue { (0..<depth).reduce(.int(1)) { value, _ in .list([value]) } }
        #expect(try Tensor(nested: nested(128)).rank == 128)
        #expect(throws: TensorError.tooManyDimensions("list")) { try Tensor(nested: nested(129)) }
    }

    @Test func makesBytesOfTruthValuesAs1_0_1() throws {
        let nested = NestedValue.list([.bool(true), .bool(false)])
        #expect(try Compatibility.torch1_0_1.run { try Tensor(nested: nested) }.dtype == .uint8)
        #expect(try Tensor(nested: nested).dtype == .bool)
    }

    @Test func speaksAs1_0_1() {
        #expect(TensorError.integerOverflow.message(.torch1_0_1) == "Overflow when unpacking long")
        let text = TensorError.nestedWhereNumberExpected("list").message(.torch1_0_1)
        #expect(text == "an integer is required (got type list)")
    }
}
