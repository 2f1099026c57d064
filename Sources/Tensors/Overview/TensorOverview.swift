/// A tensor at a glance: a small matrix that stands for it, a histogram, and what describes its elements.
///
/// As a matrix a tensor is its first axis by all others; one axis is one row, a scalar 1 x 1.
package struct TensorOverview: Sendable, Equatable {
    /// What one element of the small matrix says of those it stands for.
    package enum Pool: String, Sendable, CaseIterable {
        /// The one of largest magnitude, with its sign, the first in row-major order; NaN if there is one.
        case absmax
        /// Their mean.
        case mean
    }

    /// How large the matrix and the histogram may be, and how the matrix is made.
    package struct Form: Sendable, Hashable {
        package var rows: Int
        package var columns: Int
        package var bins: Int
        package var pool: Pool

        package init(rows: Int = 64, columns: Int = 64, bins: Int = 64, pool: Pool = .absmax) {
            self.rows = rows
            self.columns = columns
            self.bins = bins
            self.pool = pool
        }

        /// The bytes that an overview of this form takes at most, about.
        package var byteCount: Int { 4 * rows * columns + 8 * bins + 256 }
    }

    /// How the finite elements are spread: as many in each bin, all of one width, the last with its end.
    package struct Histogram: Sendable, Equatable {
        /// The outer edges.
        package let min: Double
        package let max: Double
        package let counts: [Int]
    }

    /// Figures of the finite elements; `nil` without any.
    package struct Statistics: Sendable, Equatable {
        package var count = 0
        package var mean: Double?
        /// Biased, as `torch.var(correction=0)`.
        package var variance: Double?
        package var min: Double?
        package var max: Double?
        /// The square root of the sum of squares.
        package var norm: Double?
        package var nanCount = 0
        package var infinityCount = 0
        package var zeroCount = 0
    }

    package let rows: Int
    package let columns: Int
    /// The elements of the small matrix, row by row.
    package let matrix: [Float]
    /// `nil` without a finite element.
    package let histogram: Histogram?
    package let statistics: Statistics
}

extension Tensor {
    /// Returns this tensor at a glance; `form`'s sizes must be positive.
    ///
    /// - Complexity: O(number of elements), in two passes over them.
    package func overview(_ form: TensorOverview.Form) -> TensorOverview {
        do {
            return try dtype.accept(Glance(tensor: self, form: form))
        } catch {
            preconditionFailure("looking at elements cannot fail")
        }
    }
}

/// Looks at the elements of a tensor, whatever their type.
private struct Glance: ScalarVisitor {
    let tensor: Tensor
    let form: TensorOverview.Form

    func visit<S: Scalar>(_ type: S.Type) throws(TensorError) -> TensorOverview {
        let count = tensor.elementCount
        let height = count == 0 ? 0 : tensor.rank > 1 ? tensor.shape[0] : 1
        let width = count == 0 ? 0 : count / height
        var matrix = PooledMatrix(height: height, width: width, form)
        var sums = Sums()
        return try tensor.withScalars(of: S.self) { scalars in
            matrix.fill { row, columns in
                sums.add(scalars + row * width, columns)
            } element: { row, columns, magnitude in
                Sums.first(of: scalars + row * width, columns, magnitude: magnitude)
            }
            let spread = Spread(of: scalars, count: count, sums, bins: form.bins)
            return TensorOverview(
                rows: matrix.rows,
                columns: matrix.columns,
                matrix: matrix.elements(),
                histogram: spread?.histogram,
                statistics: sums.statistics(variance: spread?.variance)
            )
        }
    }
}

/// How far elements lie from their mean and in which bins: what takes a second pass.
private struct Spread {
    let histogram: TensorOverview.Histogram
    let variance: Double

    init?<S: Scalar>(of scalars: UnsafePointer<S>, count: Int, _ sums: Sums, bins: Int) {
        guard let mean = sums.mean else { return nil }
        let bins = Bins(from: sums.min, to: sums.max, count: bins)
        let laneCount = Sums.Lanes.scalarCount
        var squares = Sums.Lanes.zero
        // A table for each lane: in one for all, a count would wait for the one before it.
        var tables = [Int](repeating: 0, count: laneCount * bins.count)
        // Pointers: half of the time of a large weight would be checks of indices, which the edges keep within.
        bins.edges.withUnsafeBufferPointer { edges in
            tables.withUnsafeMutableBufferPointer { tables in
                var index = 0
                while index < count {
                    let width = Swift.min(laneCount, count - index)
                    let numbers = Sums.lanes(scalars + index, width)
                    let areFinite = Sums.areFinite(numbers, width)
                    let found = bins.bins(of: numbers, edges)
                    var distances = numbers - mean
                    if all(areFinite) {
                        for lane in 0..<laneCount { tables[lane &* bins.count &+ Int(found[lane])] &+= 1 }
                    } else {
                        for lane in 0..<width where areFinite[lane] {
                            tables[lane &* bins.count &+ Int(found[lane])] &+= 1
                        }
                        distances.replace(with: 0, where: .!areFinite)
                    }
                    squares += distances * distances
                    index += width
                }
            }
        }
        let counts = (0..<bins.count).map { bin in
            (0..<laneCount).reduce(0) { $0 + tables[$1 * bins.count + bin] }
        }
        histogram = TensorOverview.Histogram(min: bins.min, max: bins.max, counts: counts)
        variance = squares.sum() / Double(sums.finiteCount)
    }
}

/// A range in bins of one width.
private struct Bins {
    let min: Double
    let max: Double
    let count: Int
    /// The lower edge of each bin and the upper of the last; the outer two are infinite, since nothing lies beyond them.
    let edges: [Double]
    /// A power of two that makes the range neither too wide for a number nor so small that its quotients are none.
    private let unit: Double
    private let start: Double
    private let scale: Double

    /// A range that is a point is made one around it.
    init(from least: Double, to greatest: Double, count: Int) {
        var (min, max) = (least, greatest)
        if min == max {
            let limit = Double.greatestFiniteMagnitude
            // A half is nothing beside a large number.
            min = Swift.max(-limit, Swift.min(least - 0.5, least.nextDown))
            max = Swift.min(limit, Swift.max(least + 0.5, least.nextUp))
        }
        let unit = (max - min).isFinite ? max - min < 0x1p-900 ? 0x1p900 : 1 : 0.5
        let (start, width) = (min * unit, max * unit - min * unit)
        var edges = (0...count).map { (start + Double($0) / Double(count) * width) / unit }
        (edges[0], edges[count]) = (-.infinity, .infinity)
        (self.min, self.max, self.count, self.edges) = (min, max, count, edges)
        (self.unit, self.start, scale) = (unit, start, Double(count) / width)
    }

    /// Returns the bins of finite numbers in the range; anything of others.
    ///
    /// The nearest edge decides between the bins on its sides. A number's place among the edges may be off by some
    /// roundings, which is far less than the half that would make another edge the nearest, unless edges are as close as
    /// numbers get; there, those around it are one number.
    @inline(__always)
    func bins(of numbers: Sums.Lanes, _ edges: UnsafeBufferPointer<Double>) -> SIMD8<Int64> {
        var places = (numbers * unit - start) * scale
        places.replace(with: 0, where: .!(places .> 0))
        places.replace(with: Double(count), where: places .> Double(count))
        // The lowest bits of such a sum are its whole number, rounded.
        let nearest = unsafeBitCast(places + 0x1.8p52, to: SIMD8<Int64>.self) & 0xFFFF_FFFF
        var lower = Sums.Lanes.zero
        for lane in 0..<Sums.Lanes.scalarCount { lower[lane] = edges[Int(nearest[lane])] }
        return nearest.replacing(with: nearest &- 1, where: numbers .< lower)
    }
}

/// What is gathered of all elements on the first pass.
private struct Sums {
    /// Eight elements at a time, each in a lane of its own: a single sum would wait for each addition before it.
    typealias Lanes = SIMD8<Double>
    typealias Mask = SIMDMask<Lanes.MaskStorage>

    private(set) var finiteCount = 0
    private var count = 0
    private var nanCount = 0
    private var zeroCounts = SIMD8<Int64>.zero
    private var (sum, squares) = (Lanes.zero, Lanes.zero)
    private var (smallest, largest) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))

    /// What a block of one row contributes to an element of the small matrix.
    struct Block {
        var sum = 0.0
        /// The largest magnitude; 0 beside NaN only.
        var magnitude = 0.0
        var isNaN = false
    }

    /// Takes in the elements at `columns` of a row, which are not none.
    @inline(__always)
    mutating func add<S: Scalar>(_ row: UnsafePointer<S>, _ columns: Range<Int>) -> Block {
        var block = Block()
        var (blockSum, magnitude) = (Lanes.zero, Lanes.zero)
        var column = columns.lowerBound
        while column < columns.upperBound {
            let width = Swift.min(Lanes.scalarCount, columns.upperBound - column)
            let numbers = Self.lanes(row + column, width)
            let magnitudes = numbers.replacing(with: -numbers, where: numbers .< 0)
            blockSum += numbers
            if width == Lanes.scalarCount, all(magnitudes .< .infinity) {
                add(numbers)
            } else {
                add(numbers, width, &block)
            }
            magnitude.replace(with: magnitudes, where: magnitudes .> magnitude)
            column += width
        }
        count += columns.count
        block.sum = blockSum.sum()
        block.magnitude = magnitude.max()
        return block
    }

    /// Returns eight elements, or as many as there are with zeros behind them.
    @inline(__always)
    static func lanes<S: Scalar>(_ elements: UnsafePointer<S>, _ width: Int) -> Lanes {
        func number(_ lane: Int) -> Double { elements[lane].converted(to: Double.self) }
        guard width < Lanes.scalarCount else {
            return Lanes(number(0), number(1), number(2), number(3), number(4), number(5), number(6), number(7))
        }
        var lanes = Lanes.zero
        for lane in 0..<width { lanes[lane] = number(lane) }
        return lanes
    }

    /// Returns which of the first `width` numbers are finite.
    @inline(__always)
    static func areFinite(_ numbers: Lanes, _ width: Int) -> Mask {
        let areFinite = numbers .> -.infinity .& numbers .< .infinity
        return width == Lanes.scalarCount ? areFinite : areFinite .& laneNumbers .< Int64(width)
    }

    private static let laneNumbers = SIMD8<Int64>(0, 1, 2, 3, 4, 5, 6, 7)

    /// Takes in finite numbers.
    @inline(__always)
    private mutating func add(_ numbers: Lanes) {
        finiteCount += Lanes.scalarCount
        zeroCounts &+= Self.ones(where: numbers .== 0)
        smallest.replace(with: numbers, where: numbers .< smallest)
        largest.replace(with: numbers, where: numbers .> largest)
        sum += numbers
        squares += numbers * numbers
    }

    /// Takes in those of the first `width` numbers that are finite, and counts the others.
    private mutating func add(_ numbers: Lanes, _ width: Int, _ block: inout Block) {
        let areFinite = Self.areFinite(numbers, width)
        let areNaN = numbers .!= numbers
        let finite = numbers.replacing(with: 0, where: .!areFinite)
        finiteCount += Self.count(areFinite)
        nanCount += Self.count(areNaN)
        block.isNaN = block.isNaN || any(areNaN)
        zeroCounts &+= Self.ones(where: areFinite .& numbers .== 0)
        smallest.replace(with: numbers, where: areFinite .& numbers .< smallest)
        largest.replace(with: numbers, where: areFinite .& numbers .> largest)
        sum += finite
        squares += finite * finite
    }

    @inline(__always)
    private static func ones(where mask: Mask) -> SIMD8<Int64> { .zero.replacing(with: 1, where: mask) }

    private static func count(_ mask: Mask) -> Int { Int(ones(where: mask).wrappedSum()) }

    /// Returns the first element at `columns` that has this magnitude; without one, beside NaN only, the first.
    @inline(__always)
    static func first<S: Scalar>(of row: UnsafePointer<S>, _ columns: Range<Int>, magnitude: Double) -> Double {
        for column in columns {
            let number = row[column].converted(to: Double.self)
            if number.magnitude == magnitude { return number }
        }
        return row[columns.lowerBound].converted(to: Double.self)
    }

    var min: Double { smallest.min() }
    var max: Double { largest.max() }
    var mean: Double? { finiteCount > 0 ? sum.sum() / Double(finiteCount) : nil }

    func statistics(variance: Double?) -> TensorOverview.Statistics {
        var result = TensorOverview.Statistics(count: count, mean: mean, variance: variance)
        result.nanCount = nanCount
        result.infinityCount = count - finiteCount - nanCount
        result.zeroCount = Int(zeroCounts.wrappedSum())
        guard finiteCount > 0 else { return result }
        (result.min, result.max, result.norm) = (min, max, squares.sum().squareRoot())
        return result
    }
}

/// The matrix while it is made: each element stands for a block of the large one.
private struct PooledMatrix {
    let rows: Int
    let columns: Int
    private let height: Int
    private let width: Int
    private let pool: TensorOverview.Pool
    private var values: [Double]

    init(height: Int, width: Int, _ form: TensorOverview.Form) {
        (self.height, self.width, pool) = (height, width, form.pool)
        rows = min(form.rows, height)
        columns = min(form.columns, width)
        values = [Double](repeating: 0, count: rows * columns)
    }

    /// Goes over the blocks of each row in row-major order; `look` says what is in one, `element` which number of it has a
    /// magnitude first.
    mutating func fill(
        _ look: (_ row: Int, _ columns: Range<Int>) -> Sums.Block,
        element: (_ row: Int, _ columns: Range<Int>, _ magnitude: Double) -> Double
    ) {
        let edges = (0...columns).map { columns == 0 ? 0 : Self.edge($0, width, columns) }
        for row in 0..<rows {
            for y in Self.edge(row, height, rows)..<Self.edge(row + 1, height, rows) {
                let isFirst = y == Self.edge(row, height, rows)
                for column in 0..<columns {
                    let range = edges[column]..<edges[column + 1]
                    let block = look(y, range)
                    take(block, at: row * columns + column, isFirst: isFirst) { element(y, range, block.magnitude) }
                }
            }
        }
    }

    private mutating func take(_ block: Sums.Block, at index: Int, isFirst: Bool, _ element: () -> Double) {
        switch pool {
        case .mean: values[index] += block.sum
        case .absmax:
            if block.isNaN {
                values[index] = .nan
            } else if isFirst || block.magnitude > values[index].magnitude {
                // Nothing is larger than NaN, which stays.
                values[index] = element()
            }
        }
    }

    /// Returns floor(index * size / parts), which is at most `size`.
    private static func edge(_ index: Int, _ size: Int, _ parts: Int) -> Int {
        parts.dividingFullWidth(index.multipliedFullWidth(by: size)).quotient
    }

    func elements() -> [Float] {
        guard pool == .mean else { return values.map { Float($0) } }
        return values.indices.map { index in
            let (row, column) = (index / columns, index % columns)
            let blockHeight = Self.edge(row + 1, height, rows) - Self.edge(row, height, rows)
            let blockWidth = Self.edge(column + 1, width, columns) - Self.edge(column, width, columns)
            return Float(values[index] / Double(blockHeight * blockWidth))
        }
    }
}
