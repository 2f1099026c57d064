/// A number for all axes, or one for each, as it was given.
public enum AxisFactors: Sendable, Hashable, CustomStringConvertible {
    case all(Double)
    case each([Double])

    /// Python's text.
    public var description: String {
        switch self {
        case .all(let factor): "\(factor)"
        case .each(let factors):
            "(\(factors.map(\.description).joined(separator: ", "))" + (factors.count == 1 ? ",)" : ")")
        }
    }
}
