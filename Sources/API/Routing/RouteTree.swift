import HTTPTypes

/// The routes by path segment.
///
/// A literal segment wins over a parameter, and a parameter over the rest of a path.
final class RouteTree: Sendable {
    private let literals: [(segment: [UInt8], tree: RouteTree)]
    private let parameter: RouteTree?
    private let rest: [Route]
    /// The routes that end here, one for each method.
    private let routes: [Route]

    convenience init(_ routes: [Route]) {
        self.init(routes.map { ($0.template.segments[...], $0) })
    }

    private init(_ branches: [(segments: ArraySlice<PathTemplate.Segment>, route: Route)]) {
        var literals: [String: [(ArraySlice<PathTemplate.Segment>, Route)]] = [:]
        var parameter: [(ArraySlice<PathTemplate.Segment>, Route)] = []
        var rest: [Route] = []
        for (segments, route) in branches {
            switch segments.first {
            case nil: break
            case .literal(let word): literals[word, default: []].append((segments.dropFirst(), route))
            case .parameter: parameter.append((segments.dropFirst(), route))
            case .rest: rest.append(route)
            }
        }
        self.literals = literals.sorted { $0.key < $1.key }.map { (Array($0.key.utf8), RouteTree($0.value)) }
        self.parameter = parameter.isEmpty ? nil : RouteTree(parameter)
        self.rest = rest
        routes = branches.filter { $0.segments.isEmpty }.map(\.route)
    }

    /// Returns the routes of `path` from the segment at `start` on, and appends what stands for the parameters.
    ///
    /// - Returns: An empty list if no template has this form.
    func routes(for path: Span<UInt8>, from start: Int, values: inout [String]) -> [Route] {
        guard start <= path.count else { return routes }
        let segment = start..<path.segmentEnd(from: start)
        let next = segment.upperBound + 1
        for place in literals.indices where path.isWord(segment, literals[place].segment) {
            let found = literals[place].tree.routes(for: path, from: next, values: &values)
            guard found.isEmpty else { return found }
        }
        guard !segment.isEmpty else { return [] }
        if let parameter {
            let count = values.count
            values.append(path.decodedText(segment))
            let found = parameter.routes(for: path, from: next, values: &values)
            guard found.isEmpty else { return found }
            values.removeSubrange(count...)
        }
        guard !rest.isEmpty else { return [] }
        values.append(path.decodedText(start..<path.count))
        return rest
    }
}
