import OrderedCollections

extension Module: CustomStringConvertible {
    /// PyTorch's text: the type, its arguments, and the children indented below.
    public final var description: String {
        let extra = extraRepr.isEmpty ? [] : extraRepr.split(separator: "\n").map(String.init)
        let children = childLines
        guard !children.isEmpty else {
            return extra.count == 1 ? "\(typeName)(\(extraRepr))" : wrapped(extra)
        }
        return wrapped(extra + children)
    }

    private final func wrapped(_ lines: [String]) -> String {
        lines.isEmpty ? "\(typeName)()" : "\(typeName)(\n  \(lines.joined(separator: "\n  "))\n)"
    }

    private final var childLines: [String] {
        childDescriptions.map { name, text in
            "(\(name)): " + text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
        }
    }
}
