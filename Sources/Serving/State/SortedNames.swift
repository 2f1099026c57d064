/// Names in their order, in chunks, so that a change copies one of them and a look-up halves its way.
struct SortedNames: Sendable {
    /// Names of a chunk beyond which it is cut in two.
    private static let chunkLimit = 256
    private var chunks: [[String]] = []

    /// Adds a name that may be there already.
    mutating func insert(_ name: String) {
        guard !chunks.isEmpty else { return chunks = [[name]] }
        // A start enters them in their order.
        let isLast = (chunks.last?.last).map { $0 < name } ?? false
        let chunk =
            isLast ? chunks.count - 1 : min(Self.first(in: chunks) { $0[$0.count - 1] < name }, chunks.count - 1)
        let place = isLast ? chunks[chunk].count : Self.first(in: chunks[chunk]) { $0 < name }
        if place < chunks[chunk].count, chunks[chunk][place] == name { return }
        chunks[chunk].insert(name, at: place)
        guard chunks[chunk].count > Self.chunkLimit else { return }
        let half = chunks[chunk].count / 2
        chunks.insert(Array(chunks[chunk][half...]), at: chunk + 1)
        chunks[chunk].removeSubrange(half...)
    }

    mutating func remove(_ name: String) {
        let chunk = Self.first(in: chunks) { $0[$0.count - 1] < name }
        guard chunk < chunks.count else { return }
        let place = Self.first(in: chunks[chunk]) { $0 < name }
        guard place < chunks[chunk].count, chunks[chunk][place] == name else { return }
        chunks[chunk].remove(at: place)
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
    }

    /// Returns at most `limit` names that begin with `prefix` and come after `name`.
    func names(prefix: String, after name: String?, limit: Int) -> [String] {
        let isBefore: (String) -> Bool = if let name, name >= prefix { { $0 <= name } } else { { $0 < prefix } }
        var found: [String] = []
        var chunk = Self.first(in: chunks) { isBefore($0[$0.count - 1]) }
        var place = chunk < chunks.count ? Self.first(in: chunks[chunk], where: isBefore) : 0
        while chunk < chunks.count, found.count < limit {
            guard place < chunks[chunk].count else {
                (chunk, place) = (chunk + 1, 0)
                continue
            }
            let next = chunks[chunk][place]
            guard next.hasPrefix(prefix) else { break }
            found.append(next)
            place += 1
        }
        return found
    }

    /// Returns the index of the first element that is not before what is looked for.
    private static func first<Element>(in elements: [Element], where isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(elements[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
