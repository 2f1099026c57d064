import Tensors
import Testing

/// Views, copies and conversions, in sizes beyond those of the recorded cases.
struct ShapingTests {
    @Test(
        arguments: [[33, 50], [16, 16], [1, 70], [70, 1], [2, 17, 40], [3, 20, 2, 18]],
        [(0, 1), (-2, -1), (0, -1)]
    )
    func exchangesAxes(sizes: [Int], axes: (Int, Int)) throws {
        let shape = try Shape(checking: sizes)
        let tensor = try Tensor((0..<shape.elementCount).map { Int32($0) }, shape: shape)
        let (first, second) = (try shape.axis(axes.0), try shape.axis(axes.1))
        let turned = try tensor.transposed(axes.0, axes.1)
        var expectedSizes = sizes
        expectedSizes.swapAt(first, second)
        #expect(turned.shape.dimensions == expectedSizes)
        let numbers = turned.scalars(as: Int64.self)
        for place in stride(from: 0, to: shape.elementCount, by: 7) {
            var position = Self.position(of: place, in: expectedSizes)
            position.swapAt(first, second)
            #expect(numbers[place] == Int64(Self.place(of: position, in: sizes)))
        }
    }

    /// Found by the address sanitizer: a sum over an axis before an empty one wrote where nothing was.
    @Test(arguments: [[3, 2, 0], [0, 2, 3], [3, 0, 2], [2, 0, 0, 2]], [0, 1, 2])
    func sumsAlongAxesOfEmptyTensors(sizes: [Int], axis: Int) throws {
        let sums = try Tensor.ones(Shape(checking: sizes)).sum(dim: axis)
        var expected = sizes
        expected.remove(at: axis)
        #expect(sums.shape.dimensions == expected)
        #expect(sums.scalars(as: Float.self).allSatisfy { $0 == 0 })
    }

    @Test func sharesStorageAmongViews() throws {
        let tensor = try Tensor((0..<12).map { Float($0) }, shape: [4, 3])
        let slice = try tensor.rows(1..<3).reshaped(to: [-1])
        #expect(slice.scalars(as: Float.self) == [3, 4, 5, 6, 7, 8])
        let owners = (ObjectIdentifier(slice.storageOwner), ObjectIdentifier(tensor.storageOwner))
        #expect(owners.0 == owners.1)
        #expect(slice.withUnsafeBytes { $0.count } == 24)
        #expect(try slice.matmul(slice).item() == 199)
    }

    /// A weight that is a slice of a larger storage has a packed form of its own.
    @Test func multipliesBySlices() throws {
        let weights = try Tensor((0..<24).map { Float($0) }, shape: [6, 4])
        let x = try Tensor([1, 1, 1, 1] as [Float])
        for start in [0, 2, 4, 0] {
            let expected = (start..<start + 2).map { Float(16 * $0 + 6) }
            #expect(try x.linear(weight: weights.rows(start..<start + 2)).scalars(as: Float.self) == expected)
        }
        #expect(try Tensor([1, 1] as [Float]).linear(weight: weights.reshaped(to: [12, 2])).shape == [12])
    }

    @Test func packsOnceForManyTasks() async throws {
        let weight = try Tensor.normal([70, 300], generator: Generator(seed: 1))
        let x = try Tensor.normal([2, 300], generator: Generator(seed: 2))
        let expected = try x.matmul(weight.transposed()).scalars(as: Float.self)
        try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<16 { group.addTask { try x.linear(weight: weight).scalars(as: Float.self) } }
            for try await result in group { #expect(result == expected) }
        }
    }

    @Test(
        arguments: [
            (.int32, [.min, .min, .min, 300, -300]), (.int16, [0, 0, 0, 300, -300]), (.int8, [0, 0, 0, 44, -44]),
            (.uint8, [0, 0, 0, 44, 212]), (.int64, [3_000_000_000, .min, .min, 300, -300]), (.bool, [1, 1, 1, 1, 1]),
        ] as [(DType, [Int64])]
    )
    func convertsNumbersBeyondIntegersAsX86Does(dtype: DType, expected: [Int64]) throws {
        let x = try Tensor([3e9, .nan, 1e30, 300, -300] as [Double])
        let wanted = dtype == .int32 ? expected.map { $0 == .min ? Int64(Int32.min) : $0 } : expected
        #expect(try x.converted(to: dtype).scalars(as: Int64.self) == wanted)
    }

    private static func position(of place: Int, in sizes: [Int]) -> [Int] {
        var rest = place
        return sizes.reversed().map { size in
            defer { rest /= size }
            return rest % size
        }.reversed()
    }

    private static func place(of position: [Int], in sizes: [Int]) -> Int {
        zip(position, sizes).reduce(0) { $0 * $1.1 + $1.0 }
    }
}

/// The functions of `Float` against those of `Double`; GELU loses digits for negative numbers, by its definition.
struct AccuracyTests {
    struct Function: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: @Sendable (Tensor) throws -> Tensor

        init(_ name: String, body: @escaping @Sendable (Tensor) throws -> Tensor) {
            (testDescription, self.body) = (name, body)
        }
    }

    @Test(arguments: [
        Function("tanh") { try $0.tanh() }, Function("sigmoid") { try $0.sigmoid() },
        Function("silu") { try $0.silu() }, Function("exp") { try $0.exp() },
        Function("softplus") { try $0.softplus() }, Function("elu") { try $0.elu() },
    ])
    func staysWithinAFewUnitsInTheLastPlace(function: Function) throws {
        let numbers = (-20_000..<20_000).map { Float($0) / 2_000 } + [1e-30, -1e-30, 1e-4, 80, -80, 0]
        let got = try function.body(Tensor(numbers)).scalars(as: Double.self)
        let expected = try function.body(Tensor(numbers).converted(to: .float64)).scalars(as: Double.self)
        let worst = zip(got, expected).map { abs($0 - $1) / max(abs($1), 1e-6) }.max() ?? 0
        #expect(worst < 3e-6)
    }

    /// Which of two texts an error has depends on PyTorch's strides, along axes of one entry too.
    @Test(arguments: [
        (Function("unsqueezed") { try $0.unsqueezed(-3) }, true),
        (Function("unsqueezed in front") { try $0.unsqueezed(0) }, true),
        (Function("squeezed") { try $0.squeezed(3) }, true),
        (Function("contiguous already") { try $0.contiguous().unsqueezed(-3) }, true),
        (Function("computed") { try $0.relu().unsqueezed(-3) }, false),
    ])
    func productsSeeStepsAlongAxesOfOneEntry(function: Function, isStack: Bool) throws {
        let stack = try function.body(Tensor.ones([1, 1, 2, 2, 1]).permuted([2, 1, 3, 4, 0]))
        let error = #expect(throws: TensorError.self) { try stack.matmul(.ones([2, 2])) }
        let rows = stack.rank == 4 ? 2 : 4
        let text = "Expected size for first two dimensions of batch2 tensor to be: [\(rows), 1] but got: [\(rows), 2]."
        #expect(error?.message() == (isStack ? text : "mat1 and mat2 shapes cannot be multiplied (4x1 and 2x2)"))
    }
}
