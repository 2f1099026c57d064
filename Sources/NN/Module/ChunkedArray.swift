/// An array in chunks: a copy of it shares all but the chunks that change.
struct ChunkedArray<Element> {
    /// About as many elements as some thousands have chunks: a change copies one chunk and the list of them.
    private static var chunkSize: Int { 64 }

    /// The first chunk, which most arrays have alone, and which is read as fast as an array that is whole.
    private var first: ContiguousArray<Element> = []
    /// The chunks behind it, all full but for the last.
    private var others: ContiguousArray<ContiguousArray<Element>> = []

    /// Creates an empty array.
    init() {}

    mutating func append(_ element: Element) {
        if first.count < Self.chunkSize {
            first.append(element)
        } else if let last = others.last, last.count < Self.chunkSize {
            others[others.count - 1].append(element)
        } else {
            others.append([element])
        }
    }
}

extension ChunkedArray: RandomAccessCollection, MutableCollection {
    var startIndex: Int { 0 }

    var endIndex: Int { others.last.map { others.count * Self.chunkSize + $0.count } ?? first.count }

    subscript(index: Int) -> Element {
        get {
            guard index >= Self.chunkSize else { return first[index] }
            return others[index / Self.chunkSize - 1][index % Self.chunkSize]
        }
        set {
            if index < Self.chunkSize {
                first[index] = newValue
            } else {
                others[index / Self.chunkSize - 1][index % Self.chunkSize] = newValue
            }
        }
    }
}
