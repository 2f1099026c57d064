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
        let isPoint = sums.min == sums.max
        let (min, max) = isPoint ? (sums.min - 0.5, sums.max + 0.5) : (sums.min, sums.max)
        // Halves, so that the width of the widest range is a number too.
        let halfWidth = max / 2 - min / 2
        let edges = (0...bins).map { min + Double($0) / Double(bins) * halfWidth * 2 }
        let scale = Double(bins) / halfWidth
        var counts = [Int](repeating: 0, count: bins)
        var squares = 0.0
        // Pointers: half of the time of a large weight would be checks of the index, which is within by the line that makes it.
        edges.withUnsafeBufferPointer { edges in
            counts.withUnsafeMutableBufferPointer { counts in
                for index in 0..<count {
                    let number = scalars[index].converted(to: Double.self)
                    guard number.isFinite else { continue }
                    squares += (number - mean) * (number - mean)
                    var bin = Swift.min(bins - 1, Swift.max(0, Int((number / 2 - min / 2) * scale)))
                    // The quotient may be off by a rounding; the edges decide.
                    if number < edges[bin], bin > 0 { bin -= 1 }
                    if bin < bins - 1, number >= edges[bin + 1] { bin += 1 }
                    counts[bin] += 1
                }
            }
        }
        histogram = TensorOverview.Histogram(min: min, max: max, counts: counts)
        variance = squares / Double(sums.finiteCount)
    }
}

/// What is gathered of all elements on the first pass.
private struct Sums {
    /// Eight elements at a time, each in a lane of its own: a single sum would wait for each addition before it.
    private typealias Lanes = SIMD8<Double>

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
    private static func lanes<S: Scalar>(_ elements: UnsafePointer<S>) -> Lanes {
        func number(_ lane: Int) -> Double { elements[lane].converted(to: Double.self) }
        return Lanes(number(0), number(1), number(2), number(3), number(4), number(5), number(6), number(7))
    }

    /// Returns the last `width` elements of a row, zeros beside them.
    private static func lanes<S: Scalar>(_ elements: UnsafePointer<S>, _ width: Int) -> Lanes {
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
