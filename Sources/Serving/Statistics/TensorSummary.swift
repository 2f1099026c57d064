import Tensors

/// Numbers that describe a set of numbers; NaN is counted, and takes no part in the rest.
package struct TensorSummary: Sendable, Equatable {
    /// The elements, NaN included.
    package private(set) var count = 0
    /// The NaNs among them.
    package private(set) var nanCount = 0
    /// The mean; `nil` without elements.
    package var mean: Double? { numberCount > 0 ? runningMean : nil }
    /// The biased variance; `nil` without elements.
    package var variance: Double? { numberCount > 0 ? squares / Double(numberCount) : nil }
    /// The least element.
    package private(set) var min: Double?
    /// The greatest element.
    package private(set) var max: Double?

    private var numberCount: Int { count - nanCount }
    private var runningMean = 0.0
    /// The sum of squared distances from the mean.
    private var squares = 0.0

    init() {}

    init(of tensor: Tensor) {
        add(tensor.scalars(as: Double.self))
    }

    private mutating func add(_ numbers: [Double]) {
        var (sum, valid) = (0.0, 0)
        for number in numbers where !number.isNaN {
            sum += number
            valid += 1
            min = Swift.min(min ?? number, number)
            max = Swift.max(max ?? number, number)
        }
        count = numbers.count
        nanCount = numbers.count - valid
        guard valid > 0 else { return }
        runningMean = sum / Double(valid)
        squares = numbers.reduce(0) { squares, number in
            let distance = number - runningMean
            return number.isNaN ? squares : squares + distance * distance
        }
    }

    /// Takes in what `other` describes (Chan's formula, which keeps its digits when means are far from zero).
    mutating func merge(_ other: TensorSummary) {
        let (mine, others) = (Double(numberCount), Double(other.numberCount))
        if others > 0 {
            let distance = other.runningMean - runningMean
            let total = mine + others
            squares += other.squares + (mine > 0 ? distance * distance * mine * others / total : 0)
            runningMean = mine > 0 ? runningMean + distance * others / total : other.runningMean
        }
        count += other.count
        nanCount += other.nanCount
        min = [min, other.min].compactMap(\.self).min()
        max = [max, other.max].compactMap(\.self).max()
    }
}
