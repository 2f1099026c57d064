/// The sizes that a pool gives, whatever it gets.
public enum OutputSizes: Sendable, Hashable {
    /// The same for all axes.
    case all(Int?)
    /// One for each axis; `nil` keeps it.
    case each([Int?])

    func spread(over axes: Int) throws(ModuleError) -> [Int?] {
        switch self {
        case .all(let size): return [Int?](repeating: size, count: axes)
        case .each(let sizes):
            guard sizes.count == axes else {
                throw .layer(.sizeCount(name: "output_size", expected: axes, got: sizes.count))
            }
            return sizes
        }
    }
}

extension OutputSizes: CustomStringConvertible {
    /// Python's text.
    public var description: String {
        switch self {
        case .all(let size): size.pythonText
        case .each(let sizes):
            sizes.count == 1
                ? "(\(sizes[0].pythonText),)" : "(\(sizes.map(\.pythonText).joined(separator: ", ")))"
        }
    }
}
