import Tensors
import Testing

/// Products of types that do not meet: PyTorch 2.13's words, which depend on the size, and nothing where nothing is multiplied.
struct ProductTypesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let first, second: DType
        let small, large: String
        var testDescription: String { "\(first.rawValue) by \(second.rawValue)" }
    }

    private static let rows = [
        Row(
            first: .bool,
            second: .int64,
            small: "\"bmm\" not implemented for 'Bool'",
            large: "expected m1 and m2 to have the same dtype, but got: bool != long int"
        ),
        Row(
            first: .bool,
            second: .bool,
            small: "\"bmm\" not implemented for 'Bool'",
            large: "\"addmm_impl_cpu_\" not implemented for 'Bool'"
        ),
        Row(
            first: .bool,
            second: .float32,
            small: "\"bmm\" not implemented for 'Bool'",
            large: "expected scalar type Float but found Bool"
        ),
        Row(
            first: .int64,
            second: .bool,
            small: "expected scalar type Long but found Bool",
            large: "expected m1 and m2 to have the same dtype, but got: long int != bool"
        ),
        Row(
            first: .float32,
            second: .float64,
            small: "expected scalar type Float but found Double",
            large: "expected scalar type Double but found Float"
        ),
        Row(
            first: .float64,
            second: .int32,
            small: "expected scalar type Double but found Int",
            large: "expected m1 and m2 to have the same dtype, but got: double != int"
        ),
    ]

    private static func stack(_ sizes: [Int], _ dtype: DType) throws -> Tensor {
        try Tensor.ones(Shape(checking: sizes), dtype: dtype)
    }

    @Test(arguments: rows) func refusesTypesOfStacks(row: Row) throws {
        for (size, words) in [(2, row.small), (9, row.large)] {
            let first = try Self.stack([2, size, size], row.first)
            let second = try Self.stack([2, size, size], row.second)
            for product in [{ try first.matmul(second) }, { try first.bmm(second) }] as [() throws -> Tensor] {
                let error = #expect(throws: TensorError.self) { try product() }
                #expect(error?.message() == words)
            }
            let matrix = try Self.stack([size, size], row.first)
            let error = #expect(throws: TensorError.self) { try matrix.matmul(second) }
            #expect(error?.message() == words)
        }
    }

    @Test(arguments: rows) func asksNothingWhereNothingIsMultiplied(row: Row) throws {
        for (first, second) in [([2, 0, 3], [2, 3, 4]), ([2, 3, 0], [2, 0, 4]), ([0, 2, 2], [0, 2, 2])] {
            let product = try Self.stack(first, row.first).bmm(Self.stack(second, row.second))
            #expect(product.dtype == row.second)
            #expect(product.shape.dimensions == [first[0], first[1], second[2]])
        }
        let product = try Self.stack([0, 3], row.first).matmul(Self.stack([2, 3, 4], row.second))
        #expect(product.dtype == row.second)
    }

    @Test func multipliesBoolsWhereThereAreNone() throws {
        #expect(try Self.stack([0, 3], .bool).mm(Self.stack([3, 2], .bool)).shape == [0, 2])
        #expect(try Self.stack([3, 0], .bool).mm(Self.stack([0, 2], .bool)).dtype == .bool)
        #expect(try Self.stack([3, 0], .bool).mv(Self.stack([0], .bool)).shape == [3])
    }

    @Test func namesTheSumOfProductsInWhatItRefuses() throws {
        let bools = try Self.stack([2, 3, 3], .bool)
        let error = #expect(throws: TensorError.self) { try bools.baddbmm(bools, bools) }
        #expect(error?.message() == "\"baddbmm\" not implemented for 'Bool'")
        let whole = try Self.stack([2, 3, 3], .int64)
        let other = #expect(throws: TensorError.self) { try whole.baddbmm(whole, Self.stack([2, 3, 3], .float32)) }
        #expect(other?.message() == "expected scalar type Long but found Float")
    }

    @Test func looksForNoAxisWhereNothingCanMove() throws {
        let empty = try Self.stack([0, 2, 1], .float32)
        #expect(try empty.roll([2], dims: [3]).shape == [0, 2, 1])
        #expect(try empty.roll([2, 1], dims: [-7, 9]).shape == [0, 2, 1])
    }
}
