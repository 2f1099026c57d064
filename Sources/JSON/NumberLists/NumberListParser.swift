/// Reads one nested list of numbers into storage, checking as it goes that the list is rectangular.
///
/// It never looks at or past the cursor's end, and stores at most one element for two bytes of text (one for the last).
struct NumberListParser<Element: ListElement> {
    /// Deeper lists are left to the slow path.
    private static var maxRank: Int { 8 }

    private(set) var cursor: DecimalCursor
    /// Where the next element goes.
    private(set) var next: UnsafeMutablePointer<Element>
    private(set) var kinds: JSONElementKinds = []

    /// The number of items so far in each list that is open, by depth.
    private var counts: InlineArray<9, Int> = InlineArray(repeating: 0)
    /// The length that every list of a depth must have; -1 until the first has closed.
    private var lengths: InlineArray<9, Int> = InlineArray(repeating: -1)
    /// How many lists are open.
    private var depth = 0
    /// The depth of the lists that hold numbers; 0 until the first is met.
    private var leafDepth = 0

    init(cursor: DecimalCursor, next: UnsafeMutablePointer<Element>) {
        self.cursor = cursor
        self.next = next
    }

    /// The length of each axis, once `parse()` has succeeded.
    var shape: [Int] {
        var shape: [Int] = []
        shape.reserveCapacity(leafDepth)
        for depth in 0..<leafDepth { shape.append(lengths[depth + 1]) }
        return shape
    }

    /// Passes one value; `false` if it is no rectangular list of numbers.
    mutating func parse() -> Bool {
        repeat {
            guard parseItem() else { return false }
            // The item may have been the last of its list, and that list the last of its own.
            while depth > 0 {
                skipSpace()
                if cursor.byte == UInt8(ascii: ",") {
                    cursor.position += 1
                    break
                }
                guard closeList() else { return false }
            }
        } while depth > 0
        return true
    }

    /// Passes a number or an empty list, with the brackets that open the lists around it.
    @inline(__always) private mutating func parseItem() -> Bool {
        skipSpace()
        if cursor.byte == UInt8(ascii: "[") {
            guard openLists() else { return false }
            if cursor.byte == UInt8(ascii: "]") { return closeList() }
        }
        guard parseElement() else { return false }
        counts[depth] += 1
        return true
    }

    /// Passes brackets until something else comes.
    ///
    /// Only the deepest list may hold numbers, or nothing.
    private mutating func openLists() -> Bool {
        while cursor.byte == UInt8(ascii: "[") {
            guard depth < Self.maxRank else { return false }
            depth += 1
            counts[depth] = 0
            cursor.position += 1
            skipSpace()
        }
        guard leafDepth == 0 || leafDepth == depth else { return false }
        leafDepth = depth
        return true
    }

    /// Passes the bracket that closes a list, which must be as long as the others of its depth.
    private mutating func closeList() -> Bool {
        guard cursor.byte == UInt8(ascii: "]") else { return false }
        guard lengths[depth] == -1 || lengths[depth] == counts[depth] else { return false }
        lengths[depth] = counts[depth]
        depth -= 1
        counts[depth] += 1
        cursor.position += 1
        return true
    }

    @inline(__always) private mutating func skipSpace() {
        while cursor.byte <= 0x20, cursor.byte != 0 {
            guard [0x20, 0x0A, 0x0D, 0x09].contains(cursor.byte) else { return }
            cursor.position += 1
        }
    }
}

extension NumberListParser {
    /// Passes one number, boolean or non-finite string and stores it.
    @inline(__always) private mutating func parseElement() -> Bool {
        guard depth == leafDepth else { return false }
        let start = cursor.position
        if let decimal = cursor.scanDecimal(), let value = Element(fast: decimal) {
            kinds.insert(decimal.isInteger ? .integer : .float)
            store(value)
            return true
        }
        cursor.position = start
        return parseRareElement()
    }

    @inline(__always) private mutating func store(_ element: Element) {
        next.initialize(to: element)
        next += 1
    }

    @inline(never) private mutating func parseRareElement() -> Bool {
        switch cursor.byte {
        case UInt8(ascii: "t"): parse("true", as: .number(true), kind: .boolean)
        case UInt8(ascii: "f"): parse("false", as: .number(false), kind: .boolean)
        case UInt8(ascii: "\""):
            parse("\"NaN\"", as: .nonFinite(.nan), kind: .nonFinite)
                || parse("\"Infinity\"", as: .nonFinite(.infinity), kind: .nonFinite)
                || parse("\"-Infinity\"", as: .nonFinite(-.infinity), kind: .nonFinite)
        default: parseLongNumber()
        }
    }

    /// Passes exactly `token` and stores what it means, if this type has that.
    private mutating func parse(_ token: StaticString, as value: Element?, kind: JSONElementKinds) -> Bool {
        let count = token.utf8CodeUnitCount
        let text = UnsafeBufferPointer(start: token.utf8Start, count: count)
        guard let value, cursor.end - cursor.position >= count,
            text.elementsEqual(UnsafeBufferPointer(start: cursor.position, count: count))
        else { return false }
        cursor.position += count
        kinds.insert(kind)
        store(value)
        return true
    }

    /// Passes a number that the fast arithmetic leaves open: long, extreme, or beside the midpoint of two floats.
    private mutating func parseLongNumber() -> Bool {
        guard let text = cursor.passNumber() else { return false }
        let isInteger = text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        let fits = isInteger ? Int64(text) != nil || UInt64(text) != nil : Double(text)?.isFinite == true
        guard fits, let value = Element(text) else { return false }
        kinds.insert(isInteger ? .integer : .float)
        store(value)
        return true
    }
}
