import Tensors
import Testing

/// What operations ask of a call beside the bytes of their results.
struct CallMeterTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: @Sendable (Tensor) throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (Tensor) throws -> Void) {
            (testDescription, self.body) = (name, body)
        }
    }

    private static func indices(_ input: Tensor) throws -> Tensor {
        try input.converted(to: .int64).reshaped(to: [input.elementCount])
    }

    private static func input() throws -> Tensor { try Tensor.ones([1, 1, 1000]) }

    /// Results take 4,000 or 8,000 bytes each; these need some for themselves.
    @Test(arguments: [
        Row("sort") { _ = try $0.sort() }, Row("topk") { _ = try $0.topK(3) }, Row("argsort") { _ = try $0.argsort() },
        Row("unique") { _ = try $0.unique() },
        Row("interpolate") {
            _ = try $0.interpolated(Interpolation(.nearest, .sizes([1500])))
        },
        Row("pad") { _ = try $0.padded(TensorPadding(.reflect, [.init(before: 200, after: 200)])) },
        Row("roll") { _ = try $0.roll([1], dims: [2]) },
    ])
    func countsWhatIsTakenForAWhile(row: Row) throws {
        let input = try Self.input()
        #expect(throws: TensorError.tooManyLiveBytes(limit: 12_000)) {
            try CallMeter.limited(liveBytes: 12_000, work: .max) { try row.body(input) }
        }
        try CallMeter.limited(liveBytes: 200_000, work: .max) {
            // What was taken is given back.
            for _ in 0..<100 { try row.body(input) }
        }
    }

    /// A thousand numbers, each of them at more than a hundred multiply-adds, or at some in several calls.
    @Test(arguments: [
        Row("sin") { _ = try $0.sin() }, Row("norm") { _ = try $0.norm(p: 3) },
        Row("pow") { _ = try Tensor.pow(.tensor($0), 2.5) }, Row("sort") { _ = try $0.sort() },
        Row("unique") { _ = try $0.unique() }, Row("log_softmax") { _ = try $0.logSoftmax(dim: 2) },
        Row("response norm") { _ = try $0.responseNorm(ResponseNorm(size: 3, alpha: 1, beta: 1, k: 1)) },
        Row("interpolate") {
            _ = try $0.interpolated(Interpolation(.bicubic, .sizes([40, 100])))
        },
        Row("dropout") { _ = try $0.dropout(p: 0.5, generator: Generator(seed: 0)) },
        Row("fold") {
            let columns = try $0.reshaped(to: [1, 100, 10]).converted(to: .float64)
            for _ in 0..<6 {
                _ = try columns.folded(
                    to: [10, 19],
                    PoolSteps(kernel: [10, 10], stride: [1, 1], padding: [0, 0])
                )
            }
        },
        Row("shortened rows") {
            _ = try Tensor.ones([4, 1]).renormalized(rows: Self.indices($0), maxNorm: 1, norm: 2)
        },
        Row("rows of nothing") {
            let indices = try Self.indices($0)
            for _ in 0..<4 { _ = try Tensor.embedding(weight: .ones([4, 0]), indices: indices) }
        },
        Row("bags counted by frequency") {
            var bags = EmbeddingBags(.sum)
            bags.scalesByFrequency = true
            _ = try Tensor.embeddingBag(
                weight: .ones([4, 1]),
                indices: Self.indices($0).reshaped(to: [1, 1000]),
                bags
            )
        },
        Row("bags of nothing") {
            let offsets = try Tensor.zeros($0.shape, dtype: .int64).reshaped(to: [1000])
            _ = try Tensor.embeddingBag(
                weight: .ones([4, 1]),
                indices: Tensor([] as [Int64]),
                offsets: offsets,
                EmbeddingBags(.sum)
            )
        },
        Row("small products") { input in
            let stack = try input.reshaped(to: [250, 2, 2])
            _ = try stack.bmm(stack)
        },
    ])
    func countsWhatTakesTime(row: Row) throws {
        let input = try row.testDescription == "interpolate" ? Tensor.ones([1, 1, 20, 50]) : Self.input()
        #expect(throws: TensorError.tooMuchWork(limit: 100_000)) {
            try CallMeter.limited(liveBytes: 1 << 30, work: 100_000) { try row.body(input) }
        }
    }

    @Test func countsWhatIsMade() throws {
        let input = try Self.input()
        #expect(throws: TensorError.tooMuchWork(limit: 15_999)) {
            try CallMeter.limited(liveBytes: 1 << 20, work: 15_999) { try input.relu() }
        }
        _ = try CallMeter.limited(liveBytes: 1 << 20, work: 16_000) { try input.relu() }
    }

    @Test func selectsWithoutRoomBesideTheResult() throws {
        let input = try Self.input()
        let mask = try Tensor.compare(.greater, .tensor(input), 0)
        let found = try CallMeter.limited(liveBytes: 8_000 + 4_000, work: 1 << 20) { try input.maskedSelect(mask) }
        #expect(found.elementCount == 1000)
        #expect(try input.maskedSelect(mask.reshaped(to: [1000])).elementCount == 1000)
    }
}
