/// The lines of the list of modules in the order of their names, in a tree of small nodes: a change copies the way to one of
/// them, and a page reads its lines where they lie, one behind the other.
struct SortedEntries: Sendable {
    private var root = Node()

    /// Puts in a line, in the place of the one that its name has.
    mutating func set(_ entry: RegistryEntry) {
        guard let sibling = root.set(entry) else { return }
        root = Node(children: [root, sibling], bound: sibling.bound)
    }

    mutating func remove(_ name: String) {
        root.remove(name)
        while root.children.count == 1 { root = root.children[0] }
    }

    /// Returns at most `limit` lines whose names begin with `prefix` and come after `name`.
    func entries(prefix: String = "", after name: String? = nil, limit: Int = .max) -> [RegistryEntry] {
        var found: [RegistryEntry] = []
        let isBefore: (String) -> Bool = if let name, name >= prefix { { $0 <= name } } else { { $0 < prefix } }
        _ = root.read(from: isBefore) { entry in
            guard found.count < limit, entry.name.hasPrefix(prefix) else { return false }
            found.append(entry)
            return true
        }
        return found
    }
}

/// Some lines that follow each other, or nodes of such.
private struct Node: Sendable {
    /// A node of more is cut in two.
    private static let limit = 32

    var entries: [RegistryEntry] = []
    var children: [Node] = []
    /// No name in it comes after this one.
    var bound = ""

    /// Puts in a line, and returns what was cut off behind if the node became too large.
    mutating func set(_ entry: RegistryEntry) -> Node? {
        if bound < entry.name { bound = entry.name }
        guard !children.isEmpty else {
            let place = Self.first(in: entries) { $0.name < entry.name }
            if place < entries.count, entries[place].name == entry.name {
                entries[place] = entry
                return nil
            }
            entries.insert(entry, at: place)
            return cutIfTooLarge(entries.count, after: place)
        }
        let place = min(Self.first(in: children) { $0.bound < entry.name }, children.count - 1)
        guard let sibling = children[place].set(entry) else { return nil }
        children.insert(sibling, at: place + 1)
        return cutIfTooLarge(children.count, after: place + 1)
    }

    /// Cuts in half what became too large, but at its end if it grew there: a start enters names in their order.
    private mutating func cutIfTooLarge(_ count: Int, after place: Int) -> Node? {
        guard count > Self.limit else { return nil }
        let kept = place == count - 1 ? count - 1 : count / 2
        let rest = Node(
            entries: Array(entries.dropFirst(kept)),
            children: Array(children.dropFirst(kept)),
            bound: bound
        )
        entries = Array(entries.prefix(kept))
        children = Array(children.prefix(kept))
        bound = entries.last?.name ?? children.last?.bound ?? ""
        return rest
    }

    mutating func remove(_ name: String) {
        guard !children.isEmpty else {
            let place = Self.first(in: entries) { $0.name < name }
            if place < entries.count, entries[place].name == name { entries.remove(at: place) }
            return
        }
        let place = Self.first(in: children) { $0.bound < name }
        guard place < children.count else { return }
        children[place].remove(name)
        if children[place].entries.isEmpty, children[place].children.isEmpty { children.remove(at: place) }
    }

    /// Gives the lines to `body`, from the first whose name is not before what is looked for, until it returns false, and then
    /// returns false too.
    func read(from isBefore: (String) -> Bool, _ body: (RegistryEntry) -> Bool) -> Bool {
        let lines = entries.dropFirst(Self.first(in: entries) { isBefore($0.name) })
        let nodes = children.dropFirst(Self.first(in: children) { isBefore($0.bound) })
        return lines.allSatisfy(body) && nodes.allSatisfy { $0.read(from: isBefore, body) }
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
