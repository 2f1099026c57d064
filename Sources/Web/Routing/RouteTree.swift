import HTTP

/// The routes by path segment.
///
/// A literal segment wins over a parameter, and a parameter over the rest of a path.
struct RouteTree: Sendable {
    /// A place between two segments of templates, and the places behind each segment that may follow.
    private struct Place: Sendable {
        /// The literals, each by where its octets stand in `words`.
        var literals: [(word: Range<Int>, next: Int)] = []
        var parameter: Int?
        var rest: Int?
        /// The routes that end here, one for each method.
        var routes: [Route] = []
    }

    /// All places; the first is that before any segment.
    private var places = [Place()]
    /// The octets of all literals, so that one is compared without taking hold of it.
    private var words: [UInt8] = []

    init(_ routes: [Route]) {
        for route in routes {
            let end = route.template.segments.reduce(0) { place, segment in next(from: place, by: segment) }
            places[end].routes.append(route)
        }
    }

    /// Returns the place behind `segment`, a new one if no template has led there yet.
    private mutating func next(from place: Int, by segment: PathTemplate.Segment) -> Int {
        let new = places.count
        switch segment {
        case .literal(let word):
            let known = places[place].literals.first { words[$0.word].elementsEqual(word.utf8) }
            if let known { return known.next }
            words += word.utf8
            places[place].literals.append((words.count - word.utf8.count..<words.count, new))
        case .parameter:
            if let known = places[place].parameter { return known }
            places[place].parameter = new
        case .rest:
            if let known = places[place].rest { return known }
            places[place].rest = new
        }
        places.append(Place())
        return new
    }

    /// Returns the routes of `path`, whose first segment begins at `start`; none if no template has its form.
    func routes(for path: Span<UInt8>, from start: Int) -> [Route] {
        end(of: path, from: start, at: 0).map { places[$0].routes } ?? []
    }

    /// Returns the place to which `path` leads from `place` by its segments from `start` on.
    private func end(of path: Span<UInt8>, from start: Int, at place: Int) -> Int? {
        guard start <= path.count else { return places[place].routes.isEmpty ? nil : place }
        let segment = start..<path.segmentEnd(from: start)
        let next = segment.upperBound + 1
        for index in places[place].literals.indices {
            let literal = places[place].literals[index]
            guard path.isWord(segment, words.span.extracting(literal.word)) else { continue }
            if let end = end(of: path, from: next, at: literal.next) { return end }
        }
        guard !segment.isEmpty else { return nil }
        if let parameter = places[place].parameter, PercentEncoding.isValid(path.extracting(segment)),
            let end = end(of: path, from: next, at: parameter)
        {
            return end
        }
        return PercentEncoding.isValid(path.extracting(start...)) ? places[place].rest : nil
    }
}
