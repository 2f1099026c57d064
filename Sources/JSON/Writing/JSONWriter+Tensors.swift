/// What is written for NaN and the infinities, which JSON has no literals for.
package enum NonFinitePolicy: String, Sendable, CaseIterable {
    /// The strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
    case strings
    /// `null`.
    case null
    /// Nothing: the write is refused.
    case refuse
    /// Bare `NaN`, `Infinity` and `-Infinity`, which are not JSON but are what Triton writes.
    case tokens
}

/// A tensor that may not be written.
package enum JSONWriteError: Error, Equatable, Sendable {
    /// A shape without elements, such as `[1000000000, 0]`, that would be written as more than `limit` empty lists.
    case tooManyEmptyLists(shape: [Int], limit: Int)
    /// The element at this index of the flat list is NaN or infinite, under `NonFinitePolicy.refuse`.
    case notFinite(index: Int)
}

extension JSONWriter {
    /// Writes floats as a nested list of `shape`, each as the shortest literal that reads back as itself.
    /// - Precondition: `shape` counts as many elements as there are.
    package mutating func write(
        _ elements: UnsafeBufferPointer<Float>,
        shape: [Int],
        nonFinite: NonFinitePolicy = .strings
    ) throws(JSONWriteError) {
        try writeFloating(elements, shape: shape, nonFinite: nonFinite)
    }

    /// Writes doubles as a nested list of `shape`, each as the shortest literal that reads back as itself.
    /// - Precondition: `shape` counts as many elements as there are.
    package mutating func write(
        _ elements: UnsafeBufferPointer<Double>,
        shape: [Int],
        nonFinite: NonFinitePolicy = .strings
    ) throws(JSONWriteError) {
        try writeFloating(elements, shape: shape, nonFinite: nonFinite)
    }

    /// Writes integers as a nested list of `shape`.
    /// - Precondition: `shape` counts as many elements as there are.
    @specialized(where Element == Int64)
    @specialized(where Element == Int32)
    @specialized(where Element == Int16)
    @specialized(where Element == Int8)
    @specialized(where Element == UInt8)
    @specialized(where Element == UInt16)
    @specialized(where Element == UInt32)
    @specialized(where Element == UInt64)
    package mutating func write<Element: FixedWidthInteger>(
        _ elements: UnsafeBufferPointer<Element>,
        shape: [Int]
    ) throws(JSONWriteError) {
        try writeNested(elements.count, shape: shape) { text, index in text.write(decimal: elements[index]) }
    }

    /// Writes booleans as a nested list of `shape`.
    /// - Precondition: `shape` counts as many elements as there are.
    package mutating func write(
        _ elements: UnsafeBufferPointer<Bool>,
        shape: [Int]
    ) throws(JSONWriteError) {
        try writeNested(elements.count, shape: shape) { text, index in text.write(elements[index] ? "true" : "false") }
    }

    @inline(__always) private mutating func writeFloating<Element: JSONLiteral>(
        _ elements: UnsafeBufferPointer<Element>,
        shape: [Int],
        nonFinite: NonFinitePolicy
    ) throws(JSONWriteError) {
        if nonFinite == .refuse, let index = elements.firstIndex(where: { !$0.isFinite }) {
            throw .notFinite(index: index)
        }
        try writeNested(elements.count, shape: shape) { text, index in
            elements[index].write(at: text, nonFinite: nonFinite)
        }
    }
}

extension JSONWriter {
    /// Writes brackets and commas for `shape` and lets `write` write each element, in order.
    @inline(__always) private mutating func writeNested(
        _ count: Int,
        shape: [Int],
        write: (TextPointer, Int) -> TextPointer
    ) throws(JSONWriteError) {
        try Self.check(shape, count: count)
        beginValue()
        guard let rowLength = shape.last else { return bytes.appendText { write($0, 0) } }
        // Few numbers are shorter than a digit and a comma, few longer than twelve bytes.
        bytes.reserveCapacity(bytes.count + max(count * 12 + 16, [UInt8].pieceRoom(rowLength)))
        var index = 0
        writeLists(shape.dropLast()) { bytes in
            bytes.appendRow(index..<index + rowLength, write)
            index += rowLength
        }
    }

    private mutating func writeLists(_ outer: ArraySlice<Int>, row: (inout [UInt8]) -> Void) {
        guard let length = outer.first else { return row(&bytes) }
        bytes.append(UInt8(ascii: "["))
        for item in 0..<length {
            if item > 0 { bytes.append(UInt8(ascii: ",")) }
            writeLists(outer.dropFirst(), row: row)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Empty lists cost bytes but no elements, so that a shape alone could ask for any amount of text.
    private static let emptyListLimit = 1_000_000

    private static func check(_ shape: [Int], count: Int) throws(JSONWriteError) {
        guard !shape.contains(0) else {
            precondition(count == 0, "shape \(shape) does not count \(count) elements")
            return try checkEmpty(shape)
        }
        precondition(shape.reduce(1, *) == count, "shape \(shape) does not count \(count) elements")
    }

    private static func checkEmpty(_ shape: [Int]) throws(JSONWriteError) {
        var lists = 1
        for length in shape.prefix(while: { $0 > 0 }) {
            let (product, overflow) = lists.multipliedReportingOverflow(by: length)
            guard !overflow, product <= emptyListLimit else {
                throw .tooManyEmptyLists(shape: shape, limit: emptyListLimit)
            }
            lists = product
        }
    }
}

extension [UInt8] {
    /// How many elements room is made for at a time.
    private static var pieceLength: Int { 64 }

    /// Returns the most bytes that a piece of a list of `count` elements takes while it is written.
    fileprivate static func pieceRoom(_ count: Int) -> Int {
        Swift.min(count, pieceLength) * (TextPointer.room + 1)
    }

    /// Appends one list of the elements at `indices`.
    @inline(__always) fileprivate mutating func appendRow(
        _ indices: Range<Int>,
        _ write: (TextPointer, Int) -> TextPointer
    ) {
        append(UInt8(ascii: "["))
        for start in stride(from: indices.lowerBound, to: indices.upperBound, by: Self.pieceLength) {
            let piece = start..<Swift.min(start + Self.pieceLength, indices.upperBound)
            append(addingCapacity: Self.pieceRoom(piece.count)) { output in
                output.withUnsafeMutableBufferPointer { buffer, count in
                    guard let base = buffer.baseAddress else { return }
                    var text = base + count
                    for index in piece { text = write(text, index).write(UInt8(ascii: ",")) }
                    count = text - base
                }
            }
        }
        if !indices.isEmpty { removeLast() }
        append(UInt8(ascii: "]"))
    }
}
