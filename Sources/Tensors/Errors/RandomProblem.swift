/// A way in which a distribution cannot be drawn from.
public enum RandomProblem: Sendable, Equatable {
    /// The lower bound is above the upper one.
    case descendingBounds(from: Double, to: Double)
    /// The bound, `from` or `to`, is not a finite number of the dtype.
    case boundOutOfRange(String, DType)
    /// The bounds are further apart than the dtype's largest number.
    case boundsTooFarApart(from: Double, to: Double, DType)
    case negativeDeviation(Double)
    case probability(Double)
    case probabilities
    case negativeDeviations
    case emptyRange(from: Int, to: Int)
    case distributionRank
    case distributionType(DType)
    case distribution
    case emptyDistribution
    case noSamples
    case tooManySamples

    /// PyTorch's text.
    var message: String {
        switch self {
        case .descendingBounds(let low, let high):
            "uniform_ expects to return a [from, to) range, but found from=\(low.inCStyle) > to=\(high.inCStyle)"
        case .boundOutOfRange(let name, let dtype):
            "\(name) is out of bounds for \(Self.cName(of: dtype))"
        case .boundsTooFarApart(let low, let high, let dtype):
            "uniform_ expects to-from <= std::numeric_limits<\(dtype.scalarName)>::max(), but found to=\(high.inCStyle) "
                + "and from=\(low.inCStyle) which result in to-from to exceed the limit"
        case .negativeDeviation(let deviation):
            "normal expects std >= 0.0, but found std \(deviation.inCStyle)"
        case .probability(let probability):
            "bernoulli_ expects p to be in [0, 1], but got p=\(probability.inCStyle)"
        case .probabilities:
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
                + "please report an enhancement request to PyTorch.)"
        case .negativeDeviations: "normal expects all elements of std >= 0.0"
        case .emptyRange(let low, let high):
            "random_ expects 'from' to be less than 'to', but got from=\(low) >= to=\(high)"
        case .distributionRank: "prob_dist must be 1 or 2 dim"
        case .distributionType(let dtype):
            "multinomial only supports floating-point dtypes for input, got: \(dtype.scalarName)"
        case .distribution: "probability tensor contains either `inf`, `nan` or element < 0"
        case .emptyDistribution: "invalid multinomial distribution (sum of probabilities <= 0)"
        case .noSamples: "cannot sample n_sample <= 0 samples"
        case .tooManySamples:
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        }
    }

    /// Throws the problem that PyTorch finds first in the bounds of a uniform distribution.
    static func check(from low: Double, to high: Double, _ dtype: DType) throws(TensorError) {
        guard let limit = largestNumber(of: dtype) else {
            throw .notImplemented(kernel: "check_uniform_bounds", dtype)
        }
        guard abs(low) <= limit else { throw .random(.boundOutOfRange("from", dtype)) }
        guard abs(high) <= limit else { throw .random(.boundOutOfRange("to", dtype)) }
        guard low <= high else { throw .random(.descendingBounds(from: low, to: high)) }
        guard high - low <= limit else { throw .random(.boundsTooFarApart(from: low, to: high, dtype)) }
    }

    private static func largestNumber(of dtype: DType) -> Double? {
        switch dtype {
        case .float32: Double(Float.greatestFiniteMagnitude)
        case .float64: .greatestFiniteMagnitude
        case .float16: 65504
        case .bfloat16: 0x1.FEp127
        default: nil
        }
    }

    private static func cName(of dtype: DType) -> String {
        switch dtype {
        case .float32: "float"
        case .float64: "double"
        case .float16, .bfloat16: "c10::\(dtype.scalarName)"
        default: dtype.cName
        }
    }
}
