/// A nested, rectangular list of numbers, flattened: what a tensor is in JSON.
package struct JSONNumberList<Element: Sendable & Equatable>: Sendable, Equatable {
    /// The numbers, last axis fastest.
    package let elements: [Element]
    /// The length of each axis, outermost first; empty for a number that stands alone.
    package let shape: [Int]
    /// Which kinds of literal occurred, from which a dtype can be inferred.
    package let kinds: JSONElementKinds

    /// Creates a list.
    package init(elements: [Element], shape: [Int], kinds: JSONElementKinds) {
        self.elements = elements
        self.shape = shape
        self.kinds = kinds
    }
}

/// The kinds of literal that occur in a list of numbers.
package struct JSONElementKinds: OptionSet, Sendable, Hashable {
    /// One bit for each kind.
    package let rawValue: UInt8

    /// Creates a set from its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Integer literals: `3`.
    package static let integer = JSONElementKinds(rawValue: 1)
    /// Literals with a fraction or an exponent: `3.0`, `3e0`.
    package static let float = JSONElementKinds(rawValue: 2)
    /// `true` and `false`, read as 1 and 0.
    package static let boolean = JSONElementKinds(rawValue: 4)
    /// The strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
    package static let nonFinite = JSONElementKinds(rawValue: 8)
}

// Each of these returns `nil`, without having moved, for whatever is no such list: ragged lists, other strings, null,
// objects, more than eight axes, integers beyond 64 bits, numbers beyond `Double`, bad syntax. The slow path,
// `readValue()`, then finds the exact error or the exact value.
extension JSONReader {
    /// Reads a list of numbers as floats, each correctly rounded; beyond `Float` is infinity.
    package mutating func readFloats() -> JSONNumberList<Float>? { readList() }

    /// Reads a list of numbers as doubles, each correctly rounded.
    package mutating func readDoubles() -> JSONNumberList<Double>? { readList() }

    /// Reads a list of integer literals and booleans; a fraction, an exponent or a non-finite is no such list.
    package mutating func readIntegers() -> JSONNumberList<Int64>? { readList() }

    @inline(__always) private mutating func readList<Element: ListElement>() -> JSONNumberList<Element>? {
        guard byteAfterSpace() != nil else { return nil }
        // A number takes at least two bytes with its comma. Pages of the bound that are not needed are never touched.
        let capacity = (end - offset) / 2 + 1
        var outcome: (shape: [Int], kinds: JSONElementKinds, length: Int)?
        var elements: [Element] = []
        bytes.withUnsafeBufferPointer { text in
            elements.append(addingCapacity: capacity) { output in
                output.withUnsafeMutableBufferPointer { storage, count in
                    guard let base = text.baseAddress, let target = storage.baseAddress else { return }
                    let cursor = DecimalCursor(base + offset, end: base + end)
                    var parser = NumberListParser(cursor: cursor, next: target)
                    guard parser.parse() else { return }
                    outcome = (parser.shape, parser.kinds, parser.cursor.position - (base + offset))
                    count = parser.next - target
                }
            }
        }
        guard let outcome else { return nil }
        offset += outcome.length
        return JSONNumberList(elements: elements, shape: outcome.shape, kinds: outcome.kinds)
    }
}
