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
            matrix.fill { row, columns in sums.add(scalars + row * width, columns) }
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
        var squares = Sums.Lanes.zero
        var counts = [Int](repeating: 0, count: bins.count)
        // Pointers: half of the time of a large weight would be checks of the index, which is within by the line that makes it.
        bins.edges.withUnsafeBufferPointer { edges in
            counts.withUnsafeMutableBufferPointer { counts in
                var index = 0
                while index < count {
                    let width = Swift.min(Sums.Lanes.scalarCount, count - index)
                    var numbers =
                        width == Sums.Lanes.scalarCount
                        ? Sums.lanes(scalars + index) : Sums.lanes(scalars + index, width)
                    let isFinite = numbers .> -.infinity .& numbers .< .infinity
                    let isWhole = width == Sums.Lanes.scalarCount && all(isFinite)
                    if !isWhole { numbers.replace(with: mean, where: .!isFinite) }
                    var distances = numbers - mean
                    let places = bins.places(of: numbers)
                    for lane in 0..<width where isWhole || isFinite[lane] {
                        var bin = Int(truncatingIfNeeded: places[lane])
                        // The place may be off by a rounding; the edges decide.
                        bin &-= numbers[lane] < edges[bin] ? 1 : 0
                        bin &+= numbers[lane] >= edges[bin &+ 1] ? 1 : 0
                        counts[bin] &+= 1
                    }
                    if width < Sums.Lanes.scalarCount {
                        for lane in width..<Sums.Lanes.scalarCount { distances[lane] = 0 }
                    }
                    squares += distances * distances
                    index += width
                }
            }
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

    /// Returns the bins of finite numbers in the range, give or take one.
    @inline(__always)
    func places(of numbers: Sums.Lanes) -> SIMD8<UInt64> {
        var places = (numbers * unit - start) * scale - 0.5
        places.replace(with: 0, where: .!(places .> 0))
        places.replace(with: Double(count - 1), where: places .> Double(count - 1))
        // The lowest bits of such a sum are its whole number, rounded.
        return unsafeBitCast(places + 0x1p52, to: SIMD8<UInt64>.self) & 0xFFFF_FFFF
    }
}

/// What is gathered of all elements on the first pass.
private struct Sums {
    /// Eight elements at a time, each in a lane of its own: a single sum would wait for each addition before it.
    typealias Lanes = SIMD8<Double>

    private(set) var finiteCount = 0
    private var count = 0
    private var (nanCount, zeroCount) = (0, 0)
    private var (sum, squares) = (Lanes.zero, Lanes.zero)
    private var (smallest, largest) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))

    /// What a block of one row contributes to an element of the small matrix.
    struct Block {
        var sum = 0.0
        /// The element of largest magnitude, the first of them.
        var largest: Double = 0
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
            let isWhole = width == Lanes.scalarCount
            let numbers = isWhole ? Self.lanes(row + column) : Self.lanes(row + column, width)
            let magnitudes = numbers.replacing(with: -numbers, where: numbers .< 0)
            blockSum += numbers
            if isWhole, all(magnitudes .< .infinity) {
                add(numbers)
            } else {
                for lane in 0..<width { add(numbers[lane], &block) }
            }
            magnitude.replace(with: magnitudes, where: magnitudes .> magnitude)
            column += width
        }
        count += columns.count
        block.sum = blockSum.sum()
        block.largest = Self.first(of: row, columns, magnitude: magnitude.max())
        return block
    }

    /// Returns eight elements.
    @inline(__always)
    static func lanes<S: Scalar>(_ elements: UnsafePointer<S>) -> Lanes {
        func number(_ lane: Int) -> Double { elements[lane].converted(to: Double.self) }
        return Lanes(number(0), number(1), number(2), number(3), number(4), number(5), number(6), number(7))
    }

    /// Returns the last `width` elements of a row, zeros beside them.
    static func lanes<S: Scalar>(_ elements: UnsafePointer<S>, _ width: Int) -> Lanes {
        var lanes = Lanes.zero
        for lane in 0..<width { lanes[lane] = elements[lane].converted(to: Double.self) }
        return lanes
    }

    /// Takes in finite numbers.
    @inline(__always)
    private mutating func add(_ numbers: Lanes) {
        finiteCount += Lanes.scalarCount
        if any(numbers .== 0) {
            for lane in 0..<Lanes.scalarCount where numbers[lane] == 0 { zeroCount += 1 }
        }
        smallest.replace(with: numbers, where: numbers .< smallest)
        largest.replace(with: numbers, where: numbers .> largest)
        sum += numbers
        squares += numbers * numbers
    }

    private mutating func add(_ number: Double, _ block: inout Block) {
        guard number.isFinite else {
            nanCount += number.isNaN ? 1 : 0
            block.isNaN = block.isNaN || number.isNaN
            return
        }
        finiteCount += 1
        zeroCount += number == 0 ? 1 : 0
        smallest[0] = Swift.min(smallest[0], number)
        largest[0] = Swift.max(largest[0], number)
        sum[0] += number
        squares[0] += number * number
    }

    /// Returns the first element at `columns` that has this magnitude; without one, beside NaN only, the first.
    @inline(__always)
    private static func first<S: Scalar>(of row: UnsafePointer<S>, _ columns: Range<Int>, magnitude: Double) -> Double {
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
        result.zeroCount = zeroCount
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

    /// Goes over the blocks of each row in row-major order; `look` says what is in one.
    mutating func fill(_ look: (_ row: Int, _ columns: Range<Int>) -> Sums.Block) {
        let edges = (0...columns).map { columns == 0 ? 0 : Self.edge($0, width, columns) }
        for row in 0..<rows {
            for y in Self.edge(row, height, rows)..<Self.edge(row + 1, height, rows) {
                let isFirst = y == Self.edge(row, height, rows)
                for column in 0..<columns {
                    let block = look(y, edges[column]..<edges[column + 1])
                    take(block, at: row * columns + column, isFirst: isFirst)
                }
            }
        }
    }

    private mutating func take(_ block: Sums.Block, at index: Int, isFirst: Bool) {
        switch pool {
        case .mean: values[index] += block.sum
        case .absmax:
            if block.isNaN {
                values[index] = .nan
            } else if isFirst || block.largest.magnitude > values[index].magnitude {
                // Nothing is larger than NaN, which stays.
                values[index] = block.largest
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
