import OrderedCollections
public import Tensors

extension Module: CustomStringConvertible {
    /// PyTorch 2.13's text.
    public final var description: String { text() }

    /// Returns the text that the given PyTorch prints: the type, its arguments, and the children indented below.
    public final func text(_ compatibility: Compatibility = .current) -> String {
        let extra = compatibility == .torch1_0_1 ? oldExtraRepr : extraRepr
        let extraLines = extra.isEmpty ? [] : extra.split(separator: "\n").map(String.init)
        let children = childLines(compatibility)
        guard !children.isEmpty else {
            return extraLines.count == 1 ? "\(typeName)(\(extra))" : wrapped(extraLines)
        }
        return wrapped(extraLines + children)
    }

    private final func wrapped(_ lines: [String]) -> String {
        lines.isEmpty ? "\(typeName)()" : "\(typeName)(\n  \(lines.joined(separator: "\n  "))\n)"
    }

    private final func childLines(_ compatibility: Compatibility) -> [String] {
        childTexts(compatibility).map { name, text in
            "(\(name)): " + text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
        }
    }
}
