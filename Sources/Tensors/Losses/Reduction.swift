/// What a loss makes of its elements.
public enum Reduction: String, Sendable, CaseIterable {
    /// Keeps them.
    case none
    /// Their mean.
    case mean
    /// Their sum.
    case sum

    /// Creates the reduction that PyTorch calls `name`.
    public init(named name: String) throws(TensorError) {
        guard let reduction = Reduction(rawValue: name) else { throw .invalidReduction(name) }
        self = reduction
    }
}

extension Tensor {
    /// Returns what `reduction` makes of the elements.
    func reduced(_ reduction: Reduction) throws(TensorError) -> Tensor {
        switch reduction {
        case .none: self
        case .mean: try mean()
        case .sum: try sum()
        }
    }

    /// Returns the gradient of `count` elements, given that of what `reduction` made of them.
    func spread(_ reduction: Reduction, count: Int) throws(TensorError) -> Tensor {
        reduction == .mean ? try self / Double(count) : self
    }
}
