/// The rows of a matrix brought to mean 0 and variance 1, or, uncentred, to root mean square 1: what layer, batch and RMS
/// normalisation share.
struct StandardizedRows {
    /// The rows, in the computing dtype.
    let values: Tensor
    /// One over the deviation of each row, as a column.
    let inverseDeviations: Tensor
    /// What of each row the gradient flows through beside the numbers themselves.
    private let moments: MomentsUsed

    private enum MomentsUsed { case none, deviation, meanAndDeviation }

    /// Standardises `rows`, which has two axes and a computing dtype.
    init(_ rows: Tensor, epsilon: Double, isCentered: Bool, kernel: String) throws(TensorError) {
        let found = try rows.dtype.acceptReal(
            RowMoments(rows: rows, epsilon: epsilon, isCentered: isCentered),
            kernel: kernel
        )
        self.moments = isCentered ? .meanAndDeviation : .deviation
        inverseDeviations = found.inverseDeviations
        values = try (isCentered ? rows.detached() - found.means : rows.detached()) * inverseDeviations
    }

    /// Standardises `rows` by a mean and an inverse deviation that do not come from them, both columns.
    init(_ rows: Tensor, mean: Tensor, inverseDeviations: Tensor, kernel: String) throws(TensorError) {
        guard rows.dtype.isFloatingPoint else { throw .notImplemented(kernel: kernel, rows.dtype) }
        moments = .none
        self.inverseDeviations = inverseDeviations
        values = try (rows.detached() - mean) * inverseDeviations
    }

    /// Returns the gradient of the rows, given that of the standardised rows.
    func gradient(_ gradient: Tensor) throws(TensorError) -> Tensor {
        guard moments != .none else { return try gradient * inverseDeviations }
        let projection = try (gradient * values).mean(dim: 1, keepDim: true)
        var result = try gradient - (values * projection)
        if moments == .meanAndDeviation { result = try result - gradient.mean(dim: 1, keepDim: true) }
        return try result * inverseDeviations
    }
}

/// Means and inverse deviations of rows, summed in `Double`.
private struct RowMoments: RealVisitor {
    let rows: Tensor
    let epsilon: Double
    let isCentered: Bool

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> (means: Tensor, inverseDeviations: Tensor) {
        let (count, length) = (rows.shape[0], rows.shape[1])
        var means = [R](repeating: 0, count: count)
        var inverses = [R](repeating: 0, count: count)
        try rows.withScalars(of: R.self) { source in
            for row in 0..<count {
                let moments = Moments(UnsafeBufferPointer(start: source + row * length, count: length), isCentered)
                means[row] = R(moments.mean)
                inverses[row] = R(1 / (moments.variance + epsilon).squareRoot())
            }
        }
        let column = Shape([count, 1], elementCount: count)
        return (try Tensor(means, shape: column), try Tensor(inverses, shape: column))
    }
}

/// The mean and the biased variance of numbers; uncentred, the variance is the mean square.
struct Moments {
    let mean: Double
    let variance: Double

    init<R: Real>(_ numbers: UnsafeBufferPointer<R>, _ isCentered: Bool = true) {
        let count = Double(numbers.count)
        let mean = isCentered ? Self.sum(numbers) { $0 } / count : 0
        self.mean = mean
        variance =
            Self.sum(numbers) { number in
                let distance = number - mean
                return distance * distance
            } / count
    }

    /// Sums in four lanes, so that no addition waits for the one before.
    @inline(__always)
    private static func sum<R: Real>(_ numbers: UnsafeBufferPointer<R>, _ term: (Double) -> Double) -> Double {
        var sums = SIMD4<Double>(repeating: 0)
        let whole = numbers.count / 4 * 4
        for index in stride(from: 0, to: whole, by: 4) {
            for lane in 0..<4 { sums[lane] += term(Double(numbers[index + lane])) }
        }
        for index in whole..<numbers.count { sums[0] += term(Double(numbers[index])) }
        return sums.sum()
    }
}
