import Tensors
import Testing

/// Sizes come from clients: nothing that they say may trap, or take memory before it was checked.
struct HostileSizesTests {
    @Test(arguments: [
        ([3, -1], "Trying to create tensor with negative dimension -1: [3, -1]"),
        ([.min], "Trying to create tensor with negative dimension \(Int.min): [\(Int.min)]"),
        (
            [100_000_000, 1_000_000_000_000],
            "Storage size calculation overflowed with sizes=[100000000, 1000000000000]"
        ),
        ([0, 1 << 62, 4], "Storage size calculation overflowed with sizes=[0, 4611686018427387904, 4]"),
        ([1 << 62, 4, 0], "Storage size calculation overflowed with sizes=[4611686018427387904, 4, 0]"),
        ([.max, .max], "Storage size calculation overflowed with sizes=[\(Int.max), \(Int.max)]"),
    ])
    func refusesImpossibleShapes(sizes: [Int], text: String) {
        let error = #expect(throws: TensorError.self) { try Shape(checking: sizes) }
        #expect(error?.message() == text)
    }

    @Test func refusesShapesWhoseBytesOverflow() throws {
        let shape = try Shape(checking: [1 << 61])
        #expect(throws: TensorError.storageOverflow(shape: [1 << 61])) { try Tensor.zeros(shape) }
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(throws: TensorError.storageOverflow(shape: [1 << 61])) {
            try Tensor(bytes: empty, dtype: .float32, shape: shape)
        }
    }

    @Test func refusesMemoryThatIsNotThere() throws {
        let shape = try Shape(checking: [1 << 60])
        Tensor.withByteLimit(.max) {
            #expect(throws: TensorError.outOfMemory(1 << 60)) { try Tensor.zeros(shape, dtype: .uint8) }
        }
        #expect(throws: TensorError.tooManyBytes(1 << 60, limit: Tensor.byteLimit)) {
            try Tensor.zeros(shape, dtype: .uint8)
        }
    }

    @Test func keepsToTheLimitOfTheCall() throws {
        let column = try Tensor.zeros([4096, 1])
        let row = try Tensor.zeros([1, 4096])
        let bytes = 4096 * 4096 * 4
        try Tensor.withByteLimit(bytes) { _ = try column + row }
        Tensor.withByteLimit(bytes - 1) {
            #expect(throws: TensorError.tooManyBytes(bytes, limit: bytes - 1)) { try column + row }
            #expect(throws: TensorError.tooManyBytes(bytes, limit: bytes - 1)) { try column.matmul(row) }
        }
    }

    @Test(arguments: [[1 << 62, 4], [1 << 32, 1 << 32], [.max, .max, 0]])
    func refusesReshapesThatOverflow(sizes: [Int]) throws {
        let tensor = try Tensor.zeros([2, 3])
        #expect(throws: TensorError.invalidReshape(sizes, elementCount: 6)) { try tensor.reshaped(to: sizes) }
    }

    /// Tensors without elements may have axes so long that products of them overflow.
    @Test func survivesEmptyTensorsWithLongAxes() throws {
        let wide = try Tensor.zeros(Shape(checking: [0, 1 << 40]))
        let tall = try Tensor.zeros(Shape(checking: [1 << 40, 0]))
        #expect(throws: TensorError.storageOverflow(shape: [1 << 40, 1 << 40])) { try tall.matmul(wide) }
        #expect(throws: TensorError.storageOverflow(shape: [1 << 40, 1 << 40])) { try tall.linear(weight: tall) }
        #expect(try wide.matmul(tall).shape == [0, 0])
        #expect(try wide.softmax(dim: 1).elementCount == 0)
        #expect(try wide.transposed().shape.dimensions == [1 << 40, 0])
        #expect(try wide.layerNorm(normalizedShape: [1 << 40]).elementCount == 0)
        #expect(wide.description == "tensor([], size=(0, 1099511627776))")
    }

    @Test(arguments: [63, 64, 65, 128])
    func worksAtEveryRank(rank: Int) throws {
        let shape = try Shape(checking: [Int](repeating: 1, count: rank))
        let tensor = try Tensor.ones(shape)
        #expect(try (tensor + tensor).item() == 2)
        #expect(try tensor.matmul(tensor).shape == shape)
        #expect(try tensor.linear(weight: .ones([2, 1])).shape.last == 2)
        #expect(try tensor.softmax(dim: -1).relu().sum(dim: 0).rank == rank - 1)
        #expect(try tensor.flattened().shape == [1])
        #expect(tensor.description.count > rank)
    }

    @Test func refusesRanksBeyondTheLimit() throws {
        let tensor = try Tensor.ones(Shape(checking: [Int](repeating: 1, count: 128)))
        #expect(throws: TensorError.tooManyAxes(129)) { try Shape(checking: [Int](repeating: 1, count: 129)) }
        #expect(throws: TensorError.tooManyAxes(129)) {
            try Tensor.embedding(weight: .ones([1, 1]), indices: (tensor - tensor).converted(to: .int64))
        }
    }

    @Test(arguments: [-5..<2, 0..<9, 3..<4])
    func refusesRowsOutside(range: Range<Int>) throws {
        let tensor = try Tensor.zeros([3, 2])
        #expect(throws: TensorError.self) { try tensor.rows(range) }
    }

    @Test func refusesCountsThatDoNotFit() {
        #expect(throws: TensorError.countMismatch(shape: [2, 2], expected: 4, got: 3)) {
            try Tensor([1, 2, 3] as [Float], shape: [2, 2])
        }
        let bytes: [UInt8] = [0, 1, 2]
        #expect(throws: TensorError.byteCountMismatch(.int16, shape: [2], expected: 4, got: 3)) {
            try bytes.withUnsafeBytes { try Tensor(bytes: $0, dtype: .int16, shape: [2]) }
        }
    }

    @Test func makesBoolsOfAnyBytes() throws {
        let bytes: [UInt8] = [0, 1, 2, 255]
        let tensor = try bytes.withUnsafeBytes { try Tensor(bytes: $0, dtype: .bool, shape: [4]) }
        #expect(tensor.withUnsafeBytes { [UInt8]($0) } == [0, 1, 1, 1])
    }
}
