/// The form of a path, such as `/v1/modules/{name}/parameters/{path...}`.
///
/// `{name}` stands for one segment that is not empty; `{path...}`, at the end only, for one or more.
package struct PathTemplate: Sendable, Hashable, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter
        case rest
    }

    /// The template as it was written.
    package let description: String
    /// The names of the parameters, in order.
    package let parameterNames: [String]
    let segments: [Segment]

    /// Reads a template, which is part of the program and so trusted.
    package init(_ description: String) {
        self.description = description
        let words = description.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let braced = words.filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
        parameterNames = braced.map { word in
            String(word.dropFirst().dropLast().split(separator: ".").first ?? "")
        }
        segments = words.map { word in
            guard word.hasPrefix("{") else { return .literal(String(word)) }
            return word.hasSuffix("...}") ? .rest : .parameter
        }
    }
}
