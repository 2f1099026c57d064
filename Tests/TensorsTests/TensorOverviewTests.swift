@testable import Tensors
import Testing

/// The figures of the specification's example, and numpy's of others.
struct TensorOverviewTests {
    @Test func `a small tensor is shown whole`() throws {
        let tensor = try Tensor([1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6] as [Float], shape: [3, 4])
        let overview = tensor.overview(.init(bins: 3))
        #expect(overview.rows == 3 && overview.columns == 4)
        #expect(overview.matrix == [1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6])
        #expect(overview.histogram == .init(min: 1, max: 6, counts: [3, 6, 3]))
        #expect(overview.statistics.mean == 3.5)
        #expect(overview.statistics.variance == 1.9166666666666667)
        #expect(overview.statistics.norm == 13.038404810405298)
        #expect(overview.statistics.count == 12 && overview.statistics.zeroCount == 0)
    }

    @Test(arguments: [
        ([1, -2, 3, -4, 5, -6] as [Float], [-2, -4, -6] as [Float]),
        ([1, -1, .nan, 0, -Float.infinity, 2], [1, .nan, -Float.infinity]),
        ([0, -0.0, 0, 0, 0, 0], [0, 0, 0]),
    ])
    func `the element of largest magnitude stands for its block`(elements: [Float], expected: [Float]) throws {
        let overview = try Tensor(elements, shape: [6]).overview(.init(rows: 1, columns: 3))
        #expect(overview.matrix.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    @Test func `blocks are as even as whole numbers allow`() throws {
        let tensor = try Tensor((0..<35).map(Float.init), shape: [5, 7])
        let overview = tensor.overview(.init(rows: 2, columns: 3, pool: .mean))
        // Rows 0-1 and 2-4, columns 0-1, 2-3 and 4-6.
        #expect(overview.matrix == [4, 6, 8.5, 21.5, 23.5, 26])
    }

    @Test func `what is not finite is counted and takes no part`() throws {
        let overview = try Tensor([.nan, .infinity, -Double.infinity, 0, 2], shape: [5]).overview(.init(bins: 2))
        #expect(overview.statistics.nanCount == 1 && overview.statistics.infinityCount == 2)
        #expect(overview.statistics.mean == 1 && overview.statistics.variance == 1)
        #expect(overview.histogram == .init(min: 0, max: 2, counts: [1, 1]))
    }

    @Test(arguments: [[0], [0, 3], [3, 0]])
    func `no elements are no matrix and no histogram`(shape: [Int]) throws {
        let overview = try Tensor([] as [Float], shape: Shape(checking: shape)).overview(.init())
        #expect(overview.rows == 0 && overview.columns == 0 && overview.matrix.isEmpty)
        #expect(overview.histogram == nil && overview.statistics.mean == nil)
    }

    @Test(arguments: [1, 7, 8, 9, 15, 16, 17, 40], [nil, 0, 3, 8, 12] as [Int?])
    func `elements taken eight at a time are as those taken alone`(width: Int, infinity: Int?) throws {
        var elements = (0..<width).map { Double(($0 * 7) % 11 - 5) }
        if let infinity, infinity < width { elements[infinity] = -.infinity }
        let finite = elements.filter(\.isFinite)
        let overview = try Tensor(elements, shape: [1, width]).overview(.init(columns: 1, bins: 1))
        let largest = elements.reduce(0) { $1.magnitude > $0.magnitude ? $1 : $0 }
        #expect(overview.matrix == [Float(largest)])
        #expect(overview.statistics.zeroCount == finite.count { $0 == 0 })
        #expect(overview.statistics.infinityCount == width - finite.count)
        #expect(overview.statistics.nanCount == 0)
        #expect(overview.statistics.min == finite.min() && overview.statistics.max == finite.max())
        // Sums of small whole numbers are exact in any order.
        #expect(overview.statistics.mean == (finite.isEmpty ? nil : finite.reduce(0, +) / Double(finite.count)))
        #expect(overview.statistics.norm == (finite.isEmpty ? nil : finite.reduce(0) { $0 + $1 * $1 }.squareRoot()))
        #expect(overview.histogram?.counts == (finite.isEmpty ? nil : [finite.count]))
    }

    @Test func `equal elements are one bin of a range of one`() throws {
        let overview = try Tensor([7, 7, 7] as [Int64], shape: [3]).overview(.init(bins: 4))
        #expect(overview.histogram == .init(min: 6.5, max: 7.5, counts: [0, 0, 3, 0]))
        #expect(overview.statistics.variance == 0)
    }

    @Test(arguments: DType.allCases)
    func `every type can be looked at`(dtype: DType) throws {
        let overview = try Tensor([0, 1, 1, 0] as [Float], shape: [2, 2]).converted(to: dtype).overview(.init(bins: 2))
        #expect(overview.matrix == [0, 1, 1, 0])
        #expect(overview.histogram?.counts == [2, 2])
    }

    @Test func `numbers far from zero keep the digits of their variance`() throws {
        let overview = try Tensor([1e9 + 1, 1e9 + 2, 1e9 + 3] as [Double], shape: [3]).overview(.init())
        #expect(overview.statistics.variance == 2.0 / 3)
    }

    /// Ranges whose width, half or quotients are no numbers; a client's weight may be any.
    @Test(
        arguments: [
            [0, 0x1p-1074], [0x1p-1074, 0x1p-1073], [-0x1p-1074, 0], [0, 0x1p-1063, 0x1p-1065],
            [0, 0x1p-1030, 0x1p-1032],
            [1, 1.0000000000000002], [-1.7976931348623157e308, 1.7976931348623157e308, 1e308, -1e308],
            [1e17, 1e17], [-1e308, -1e308], [1.7976931348623157e308, 1.7976931348623157e308],
            [1e-300, 2e-300, 1.2e-300], [0, 0], [9_007_199_254_740_994, 9_007_199_254_740_992],
            [0, 1, 0.25, 0.5, 0.75, 0.1, 0.9, 1, 0, 0.3333, .nan, .infinity],
        ] as [[Double]],
        [1, 3, 4, 64, 256]
    )
    func eachElementLiesInOneBinBetweenItsEdges(elements: [Double], bins: Int) throws {
        let tensor = try Tensor(elements, shape: [elements.count])
        let histogram = try #require(tensor.overview(.init(bins: bins)).histogram)
        let finite = elements.filter(\.isFinite)
        #expect(histogram.counts.reduce(0, +) == finite.count)
        #expect(histogram.min < histogram.max && histogram.min.isFinite && histogram.max.isFinite)
        #expect(finite.allSatisfy { histogram.min <= $0 && $0 <= histogram.max })
        // Wide enough for its edges to be told apart, where the quotient that follows is exact enough.
        let half = histogram.max / 2 - histogram.min / 2
        guard half > 1e-290, half / histogram.max.magnitude > 1e-10 || histogram.max == 0 else { return }
        var expected = [Int](repeating: 0, count: bins)
        for element in finite {
            let place = (element / 2 - histogram.min / 2) / half * Double(bins)
            expected[min(bins - 1, Int(place.rounded(.down)))] += 1
        }
        let difference = zip(histogram.counts, expected).reduce(0) { $0 + abs($1.0 - $1.1) }
        #expect(difference <= 2, "\(histogram.counts) and \(expected)")
    }

    /// Elements on the edges, one number beside them and anywhere, eight at a time and in what is left.
    @Test(arguments: [(0.0, 1.0), (-3, 5), (0.1, 0.7), (-1e-5, 1e5), (1000.25, 1000.75)], [1, 3, 64, 256])
    func `the edges decide in which bin an element lies`(range: (min: Double, max: Double), bins: Int) throws {
        let width = range.max - range.min
        let edges = (0...bins).map { range.min + Double($0) / Double(bins) * width }
        let inner = edges.dropFirst().dropLast().flatMap { [$0, $0.nextUp, $0.nextDown] }
        let others = (0..<1001).map { range.min + Double($0 * 7 % 1001) / 1001 * width }
        let elements = [range.min, range.max] + inner + others
        var expected = [Int](repeating: 0, count: bins)
        for element in elements {
            expected[min(bins - 1, edges.lastIndex { $0 <= element } ?? 0)] += 1
        }
        let overview = try Tensor(elements, shape: [elements.count]).overview(.init(bins: bins))
        #expect(overview.histogram?.counts == expected)
    }

    @Test func `the widest range has bins`() throws {
        let largest = Double.greatestFiniteMagnitude
        let overview = try Tensor([-largest, 0, largest] as [Double], shape: [3]).overview(.init(bins: 2))
        #expect(overview.histogram?.counts == [1, 2])
    }
}
