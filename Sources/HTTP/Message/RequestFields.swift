package import HTTPTypes

/// The field lines of a request: the octets of its head and where each line stands in them.
///
/// No `String` is made until somebody asks. Names compare as ASCII without case, values are trimmed of white space.
package struct RequestFields: Sendable {
    /// Where one field line stands in the octets of its head.
    struct Line: Sendable, Equatable {
        var nameStart: UInt32
        var nameEnd: UInt32
        var valueStart: UInt32
        var valueEnd: UInt32

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    let octets: [UInt8]
    let lines: [Line]
    private var nameLengths = Lengths()

    init(octets: [UInt8], lines: [Line]) {
        self.octets = octets
        self.lines = lines
        for line in lines { nameLengths.insert(line.name.count) }
    }

    /// Creates the lines of `fields`, behind `prefix` in the same octets.
    init(prefix: [UInt8], _ fields: HTTPFields) {
        var octets = prefix
        var lines: [Line] = []
        for field in fields {
            let nameStart = UInt32(octets.count)
            octets.append(contentsOf: field.name.rawName.utf8)
            let valueStart = UInt32(octets.count)
            field.withUnsafeBytesOfValue { octets.append(contentsOf: $0) }
            let end = UInt32(octets.count)
            lines.append(Line(nameStart: nameStart, nameEnd: valueStart, valueStart: valueStart, valueEnd: end))
        }
        self.init(octets: octets, lines: lines)
    }

    /// The number of field lines.
    package var count: Int { lines.count }

    /// Every line as text, in the order they came, in O(n).
    package var pairs: [(name: String, value: String)] {
        lines.map {
            (String(decoding: octets[$0.name], as: UTF8.self), String(decoding: octets[$0.value], as: UTF8.self))
        }
    }

    /// Accesses the value of `name`; several lines are joined by `", "` as RFC 9110 5.3 allows, in O(n).
    package subscript(name: HTTPField.Name) -> String? {
        guard let first = firstLine(name, from: 0) else { return nil }
        guard firstLine(name, from: first + 1) != nil else {
            return String(decoding: octets[lines[first].value], as: UTF8.self)
        }
        return values(of: name).joined(separator: ", ")
    }

    /// Returns the value of each line called `name`, in O(n).
    package func values(of name: HTTPField.Name) -> [String] {
        var values: [String] = []
        var next = firstLine(name, from: 0)
        while let line = next {
            values.append(String(decoding: octets[lines[line].value], as: UTF8.self))
            next = firstLine(name, from: line + 1)
        }
        return values
    }

    /// Returns the value of the line called `name`; `nil` if there is none, or more than one, in O(n).
    package func onlyValue(of name: HTTPField.Name) -> String? {
        onlyOctets(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns the octets of the line called `name`, without a copy; `nil` if there is none, or more than one, in O(n).
    package func onlyOctets(of name: HTTPField.Name) -> ArraySlice<UInt8>? {
        guard let first = firstLine(name, from: 0), firstLine(name, from: first + 1) == nil else { return nil }
        return octets[lines[first].value]
    }

    /// Returns whether a line is called `name`, in O(n).
    package func contains(_ name: HTTPField.Name) -> Bool {
        firstLine(name, from: 0) != nil
    }

    private func firstLine(_ name: HTTPField.Name, from start: Int) -> Int? {
        nameLengths.contains(name.canonicalName.utf8.count) ? foundLine(name, from: start) : nil
    }

    private func foundLine(_ name: HTTPField.Name, from start: Int) -> Int? {
        // The names that the program knows are native strings: their octets lie in one piece.
        let index = name.canonicalName.utf8.withContiguousStorageIfAvailable { name in
            lines[start...].firstIndex { line in
                line.name.count == name.count && octets.span.extracting(line.name).equalsIgnoringCase(name)
            }
        }
        return index ?? nil
    }

    /// The lengths of the names that are there.
    ///
    /// Most names that are asked for are not, and few of those share their length with one that is.
    private struct Lengths {
        private var bits: UInt64 = 0

        func contains(_ length: Int) -> Bool {
            bits & Self.bit(length) != 0
        }

        mutating func insert(_ length: Int) {
            bits |= Self.bit(length)
        }

        /// Lengths from 64 on share the bits of shorter ones, and may be said to be there when they are not.
        private static func bit(_ length: Int) -> UInt64 {
            1 << UInt64(truncatingIfNeeded: length & 63)
        }
    }
}
