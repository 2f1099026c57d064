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
    /// - Parameter roundsMean: Whether the mean is rounded before it is subtracted, as PyTorch's batch norm does, whose digits
    ///   would be others without it.
    init(
        _ rows: Tensor,
        epsilon: Double,
        isCentered: Bool,
        roundsMean: Bool = false,
        kernel: String
    ) throws(TensorError) {
        moments = isCentered ? .meanAndDeviation : .deviation
        (values, inverseDeviations) = try rows.dtype.acceptReal(
            Standardizing(rows: rows, epsilon: epsilon, isCentered: isCentered, roundsMean: roundsMean),
            kernel: kernel
        )
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
        let visitor = StandardizingBackward(
            gradient: try gradient.cast(to: values.dtype),
            values: values,
            inverseDeviations: inverseDeviations,
            isCentered: moments == .meanAndDeviation
        )
        return try values.dtype.acceptReal(visitor, kernel: "layer_norm_backward")
    }
}

/// Brings rows to mean 0 and variance 1 by moments that are summed in `Double`.
private struct Standardizing: RealVisitor {
    let rows: Tensor
    let epsilon: Double
    let isCentered: Bool
    let roundsMean: Bool

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> (values: Tensor, inverseDeviations: Tensor) {
        let (count, length) = (rows.shape[0], rows.shape[1])
        var factors = [R](repeating: 0, count: count)
        // They are read twice before they are written.
        try CallMeter.chargeElements(rows.elementCount)
        let values = try Tensor(of: R.self, shape: rows.shape) { target throws(TensorError) in
            try rows.withScalars(of: R.self) { source in
                for row in 0..<count {
                    let numbers = UnsafeBufferPointer(start: source + row * length, count: length)
                    factors[row] = standardize(numbers, to: target + row * length)
                }
            }
        }
        return (values, try Tensor(factors, shape: Shape([count, 1], elementCount: count)))
    }

    /// Writes one row, and returns one over its deviation.
    ///
    /// What rounding takes from the mean is subtracted as well: it would stand in each number of the row.
    private func standardize<R: Real>(_ numbers: UnsafeBufferPointer<R>, to target: UnsafeMutablePointer<R>) -> R {
        let moments = Moments(numbers, isCentered)
        let center = R(moments.mean)
        let rest = roundsMean ? 0 : R(moments.mean - Double(center))
        let factor = R(1 / (moments.variance + epsilon).squareRoot())
        for index in numbers.indices { (target + index).initialize(to: (numbers[index] - center - rest) * factor) }
        return factor
    }
}

/// Takes from the gradients of standardised rows what moves their moments.
///
/// It does so in `Double`: what rounding a mean leaves stands in each number of a row, where a small deviation multiplies it.
private struct StandardizingBackward: RealVisitor {
    let gradient: Tensor
    let values: Tensor
    let inverseDeviations: Tensor
    let isCentered: Bool

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let (count, length) = (values.shape[0], values.shape[1])
        // They are read twice before they are written.
        try CallMeter.chargeElements(values.elementCount)
        let (given, values) = (gradient.address(of: R.self), values.address(of: R.self))
        let factors = inverseDeviations.address(of: R.self)
        return try Tensor(of: R.self, shape: self.values.shape) { target in
            for row in 0..<count {
                let start = row * length
                restore(given + start, values + start, length, factor: Double(factors[row]), to: target + start)
            }
        }
    }

    private func restore<R: Real>(
        _ given: UnsafePointer<R>,
        _ values: UnsafePointer<R>,
        _ length: Int,
        factor: Double,
        to target: UnsafeMutablePointer<R>
    ) {
        let mean = isCentered ? Moments.sum(length) { Double(given[$0]) } / Double(length) : 0
        let slope = Moments.sum(length) { Double(given[$0]) * Double(values[$0]) } / Double(length)
        for index in 0..<length {
            let rest = Double(given[index]) - mean - Double(values[index]) * slope
            (target + index).initialize(to: R(rest * factor))
        }
    }
}

/// The mean and the biased variance of numbers; uncentred, the variance is the mean square.
struct Moments {
    let mean: Double
    let variance: Double

    init<R: Real>(_ numbers: UnsafeBufferPointer<R>, _ isCentered: Bool = true) {
        let count = Double(numbers.count)
        let mean = isCentered ? Self.sum(numbers.count) { Double(numbers[$0]) } / count : 0
        self.mean = mean
        variance =
            Self.sum(numbers.count) { index in
                let distance = Double(numbers[index]) - mean
                return distance * distance
            } / count
    }

    /// Sums in four lanes, so that no addition waits for the one before.
    @inline(__always)
    static func sum(_ count: Int, _ term: (Int) -> Double) -> Double {
        var sums = SIMD4<Double>(repeating: 0)
        let whole = count / 4 * 4
        for index in stride(from: 0, to: whole, by: 4) {
            for lane in 0..<4 { sums[lane] += term(index + lane) }
        }
        for index in whole..<count { sums[0] += term(index) }
        return sums.sum()
    }
}
