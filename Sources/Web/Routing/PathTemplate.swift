/// The form of a path, such as `/v1/modules/{name}/parameters/{path...}`.
///
/// `{name}` stands for one segment that is not empty; `{path...}`, at the end only, for one or more.
package struct PathTemplate: Sendable, Hashable, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter
        case rest
    }

    /// A name in braces.
    struct Parameter: Sendable, Hashable {
        let name: String
        /// The number of segments before it.
        let segment: Int
        /// Whether it stands for all that follows.
        let isRest: Bool
    }

    /// The template as it was written.
    package let description: String
    let segments: [Segment]
    let parameters: [Parameter]

    /// Reads a template, which is part of the program and so trusted.
    package init(_ description: String) {
        self.description = description
        let words = description.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        segments = words.map { word in
            guard word.hasPrefix("{") else { return .literal(String(word)) }
            return word.hasSuffix("...}") ? .rest : .parameter
        }
        parameters = zip(words, segments).enumerated().compactMap { index, pair in
            guard pair.0.hasPrefix("{"), let name = pair.0.dropFirst().split(whereSeparator: ".}".contains).first else {
                return nil
            }
            return Parameter(name: String(name), segment: index, isRest: pair.1 == .rest)
        }
    }

    /// The names of the parameters, in order.
    package var parameterNames: [String] { parameters.map(\.name) }

    /// Returns what `path`, which has this form, says for a parameter, decoded; empty if there is none of that name.
    func value(of name: String, in path: Span<UInt8>) -> String {
        guard let parameter = parameters.first(where: { $0.name == name }) else { return "" }
        var start = 1
        for _ in 0..<parameter.segment { start = path.segmentEnd(from: start) + 1 }
        guard start <= path.count else { return "" }
        return path.decodedText(start..<(parameter.isRest ? path.count : path.segmentEnd(from: start)))
    }
}
