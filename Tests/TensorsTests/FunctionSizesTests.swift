import Tensors
import Testing

/// Functions make much of little: what they would take is checked before it is taken.
struct FunctionSizesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: @Sendable () throws -> Void

        init(_ name: String, _ body: @escaping @Sendable () throws -> Void) {
            (testDescription, self.body) = (name, body)
        }
    }

    @Test(arguments: [
        Row("expand") { _ = try Tensor.ones([1]).expand([1 << 20, 1 << 20]) },
        Row("expand beyond int64") { _ = try Tensor.ones([1]).expand([1 << 40, 1 << 40]) },
        Row("repeat") { _ = try Tensor.ones([3]).repeated([1 << 30, 1 << 20]) },
        Row("repeat beyond int64") { _ = try Tensor.ones([3]).repeated([.max]) },
        Row("repeat_interleave") { _ = try Tensor.ones([2]).repeatInterleave(1 << 40, dim: 0) },
        Row("repeat_interleave by a tensor") {
            _ = try Tensor.ones([2]).repeatInterleave(Tensor([Int64.max, 1 << 40]), dim: 0)
        },
        Row("outer") { _ = try Tensor.ones([1 << 12]).outer(.ones([1 << 12])) },
        Row("arange") { _ = try Tensor.arange(to: .int(1 << 40)) },
        Row("arange in small steps") { _ = try Tensor.arange(to: 1, step: 1e-18) },
        Row("linspace") { _ = try Tensor.linspace(0, 1, steps: 1 << 40) },
        Row("eye") { _ = try Tensor.eye(1 << 20, 1 << 20) },
        Row("eye beyond int64") { _ = try Tensor.eye(1 << 40, 1 << 40) },
        Row("full") { _ = try Tensor.full(.double(1), shape: Shape(checking: [1 << 40])) },
        Row("one_hot") { _ = try Tensor([Int64(1 << 40)]).oneHot() },
        Row("one_hot beyond int64") { _ = try Tensor([Int64.max]).oneHot() },
        Row("randint") { _ = try Tensor.randint(0, 2, shape: Shape(checking: [1 << 40])) },
        Row("randperm") { _ = try Tensor.randperm(1 << 40) },
        Row("multinomial") { _ = try Tensor.ones([2]).multinomial(1 << 40, replacement: true) },
        Row("padding") { _ = try Tensor.ones([2, 3]).pad([1 << 40, 1 << 40]) },
        Row("padding beyond int64") { _ = try Tensor.ones([2, 3]).pad([.max, .max]) },
        Row("replicated padding") { _ = try Tensor.ones([2, 3]).pad([1 << 40, 0], mode: .replicate) },
        Row("stretched comparison") {
            _ = try Tensor.compare(.less, .tensor(.ones([4096, 1])), .tensor(.ones([1, 4096])))
        },
        Row("stretched choice") {
            let mask = try Tensor.ones([4096, 1], dtype: .bool)
            _ = try Tensor.where(mask, .tensor(.ones([1, 4096])), 0)
        },
        Row("indices that stretch") {
            let index = try Tensor.zeros([4096, 1], dtype: .int64)
            _ = try Tensor.ones([2, 2]).item(at: [.tensor(index), .tensor(.zeros([1, 4096], dtype: .int64))])
        },
        Row("einsum") { _ = try Tensor.einsum("i,j->ij", [.ones([1 << 12]), .ones([1 << 12])]) },
        Row("unsqueezed without end") {
            var tensor = try Tensor.ones([1])
            for _ in 0..<200 { tensor = try tensor.unsqueezed(0) }
        },
        Row("chunks of nothing") { _ = try Tensor.ones([0]).chunk(.max) },
        Row("parts without elements") { _ = try Tensor.ones(Shape(checking: [1 << 40, 0])).unbind() },
        Row("split without elements") { _ = try Tensor.ones(Shape(checking: [1 << 40, 0])).split(1) },
    ])
    func refusesWhatTakesTooMuch(row: Row) {
        Tensor.withByteLimit(1 << 21) {
            #expect(throws: TensorError.self) { try row.body() }
        }
    }

    /// Tensors without elements may have axes so long that nobody could count along them.
    @Test func survivesEmptyTensorsWithLongAxes() throws {
        let long = try Tensor.zeros(Shape(checking: [1 << 40, 3, 0]))
        #expect(try long.sum(dims: [1]).elementCount == 0)
        #expect(try long.cumsum(dim: 1).elementCount == 0)
        #expect(try long.softmax(dim: 1).elementCount == 0)
        #expect(try long.sort(dim: 1).values.elementCount == 0)
        #expect(try long.variance(dims: [1]).elementCount == 0)
        #expect(try long.permuted([2, 0, 1]).elementCount == 0)
        #expect(try long.flipped([0, 1]).elementCount == 0)
        #expect(try long.roll([5], dims: [0]).elementCount == 0)
        #expect(try long.item(at: [.slice(start: 5, step: 1 << 20), .at(1)]).elementCount == 0)
        #expect(try long.tril().elementCount == 0)
        #expect(try Tensor.cat([long, long], dim: 1).elementCount == 0)
        #expect(try long.nonzero().shape == [0, 3])
    }

    @Test(arguments: [Int.min, .max])
    func survivesTheLargestNumbers(number: Int) throws {
        let tensor = try Tensor.ones([3, 3])
        #expect(try tensor.diagonal(offset: number).elementCount == 0)
        _ = try tensor.tril(diagonal: number)
        _ = try tensor.triu(diagonal: number)
        _ = try tensor.roll([number], dims: [0])
        _ = try tensor.item(at: [.slice(start: number, stop: number, step: .max)])
        for body in [
            { try tensor.selected(0, number) }, { try tensor.narrowed(0, start: number, length: 1) },
            { try tensor.item(at: [.at(number)]) }, { try tensor.permuted([number, 0]) },
            { try tensor.movedim([number], [0]) }, { try tensor.sum(dims: [number]) },
            { try tensor.unsqueezed(number) }, { try tensor.topK(number).values },
            { try tensor.gather(0, Tensor([Int64(number)], shape: [1, 1])) },
            { try tensor.indexSelect(0, Tensor([Int64(number)])) },
        ] as [() throws -> Tensor] {
            #expect(throws: TensorError.self) { try body() }
        }
    }
}
