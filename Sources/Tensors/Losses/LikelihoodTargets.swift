/// What a cross entropy is taken against: how much each log-probability counts.
protocol LikelihoodTargets: Sendable {
    /// By what the mean divides; `count` is the number of rows.
    func denominator(rowCount count: Int) -> Double
    /// Calls `body` for each class of the row at `row` that counts, with how much it does.
    func forEachClass(ofRow row: Int, classCount: Int, _ body: (_ place: Int, _ factor: Double) -> Void)
}

/// A class for each row.
struct ClassTargets: LikelihoodTargets {
    let places: [Int64]
    let ignored: Int64
    let weight: [Double]?
    let smoothing: Double

    func check(classCount: Int) throws(TensorError) {
        for place in places where place != ignored && !(0..<Int64(classCount)).contains(place) {
            throw .targetOutOfBounds(Int(place))
        }
    }

    func denominator(rowCount count: Int) -> Double {
        places.reduce(0) { $0 + ($1 == ignored ? 0 : factor(Int($1))) }
    }

    @inline(__always)
    func forEachClass(ofRow row: Int, classCount: Int, _ body: (_ place: Int, _ factor: Double) -> Void) {
        guard places[row] != ignored else { return }
        let place = Int(places[row])
        body(place, factor(place) * (1 - smoothing))
        guard smoothing > 0 else { return }
        for other in 0..<classCount { body(other, factor(other) * smoothing / Double(classCount)) }
    }

    private func factor(_ place: Int) -> Double { weight?[place] ?? 1 }
}

/// A probability for each class of each row.
struct ProbabilityTargets: LikelihoodTargets {
    let probabilities: [Double]
    let weight: [Double]?
    let smoothing: Double
    let view: AxisView

    func denominator(rowCount count: Int) -> Double { Double(count) }

    @inline(__always)
    func forEachClass(ofRow row: Int, classCount: Int, _ body: (_ place: Int, _ factor: Double) -> Void) {
        let start = row / view.inner * view.count * view.inner + row % view.inner
        for place in 0..<classCount {
            let probability = probabilities[start + place * view.inner]
            let smoothed = probability * (1 - smoothing) + smoothing / Double(classCount)
            body(place, smoothed * (weight?[place] ?? 1))
        }
    }
}

extension Tensor {
    /// Returns what `reduction` makes of the negative sums of these log-probabilities, each times how much it counts.
    func negativeLikelihood<Targets: LikelihoodTargets>(
        _ targets: Targets,
        _ view: AxisView,
        _ reduction: Reduction,
        shape: Shape,
        node: NodeName
    ) throws(TensorError) -> Tensor {
        let rowCount = view.outer * view.inner
        let denominator = reduction == .mean ? targets.denominator(rowCount: rowCount) : 1
        // Nothing to average is NaN today, and was 0 once.
        let divisor = denominator == 0 && Compatibility.ambient == .torch1_0_1 ? 1 : denominator
        let result = try Operations.perform("nll_loss") { () throws(TensorError) in
            let sums = try LikelihoodSums(logarithms: try widened(), targets: targets, view: view)
                .values(dtype: dtype.computing)
            let losses = sums.viewed(as: shape)
            guard reduction != .none else { return try losses.cast(to: dtype) }
            return try (losses.sum() / divisor).cast(to: dtype)
        }
        guard Autograd.records(self) else { return result }
        let own = self.shape
        return try result.recorded(node, [self], saving: [detached()]) { gradient, _ in
            let given = try gradient.widened().scalars(as: Double.self)
            let slopes = LikelihoodSlopes(targets: targets, view: view, given: given, divisor: divisor, shape: own)
            return [try gradient.dtype.computing.acceptReal(slopes, kernel: "nll_loss_backward")]
        }
    }
}

/// The negative sum of each row.
private struct LikelihoodSums<Targets: LikelihoodTargets>: RealVisitor {
    let logarithms: Tensor
    let targets: Targets
    let view: AxisView

    func values(dtype: DType) throws(TensorError) -> Tensor {
        try dtype.acceptReal(self, kernel: "nll_loss_out_frame")
    }

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        let count = view.outer * view.inner
        return try Tensor(of: R.self, shape: Shape([count], elementCount: count)) { target throws(TensorError) in
            try logarithms.withScalars(of: R.self) { source in
                for row in 0..<count {
                    let start = source + (row / view.inner * view.count * view.inner + row % view.inner)
                    var sum = 0.0
                    targets.forEachClass(ofRow: row, classCount: view.count) { place, factor in
                        sum -= Double(start[place * view.inner]) * factor
                    }
                    (target + row).initialize(to: R(sum))
                }
            }
        }
    }
}

/// The gradient of the log-probabilities.
private struct LikelihoodSlopes<Targets: LikelihoodTargets>: RealVisitor {
    let targets: Targets
    let view: AxisView
    /// The gradient of the loss, or of each row's.
    let given: [Double]
    let divisor: Double
    let shape: Shape

    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Tensor {
        try Tensor(of: R.self, shape: shape) { target in
            target.initialize(repeating: 0, count: shape.elementCount)
            for row in 0..<view.outer * view.inner {
                let start = target + (row / view.inner * view.count * view.inner + row % view.inner)
                let gradient = (given.count == 1 ? given[0] : given[row]) / divisor
                targets.forEachClass(ofRow: row, classCount: view.count) { place, factor in
                    start[place * view.inner] -= R(factor * gradient)
                }
            }
        }
    }
}
