/// A size for all axes, or one for each, as it was given: PyTorch describes `MaxPool2d(2)` and `MaxPool2d((2, 2))` so.
public enum AxisSizes: Sendable, Hashable {
    case all(Int)
    case each([Int])

    /// Returns a size for each of `axes`.
    /// - Throws: `ModuleError.layer` unless there is one for each.
    func spread(over axes: Int, _ name: String) throws(ModuleError) -> [Int] {
        switch self {
        case .all(let size): return [Int](repeating: size, count: axes)
        case .each(let sizes):
            guard sizes.count == axes else { throw .layer(.sizeCount(name: name, expected: axes, got: sizes.count)) }
            return sizes
        }
    }
}

extension AxisSizes: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// Creates a size for all axes.
    public init(integerLiteral size: Int) { self = .all(size) }
    /// Creates a size for each axis.
    public init(arrayLiteral sizes: Int...) { self = .each(sizes) }
}

extension AxisSizes: CustomStringConvertible {
    /// Python's text.
    public var description: String {
        switch self {
        case .all(let size): "\(size)"
        case .each(let sizes): sizes.pythonTuple
        }
    }
}
