/// Writes a message, field after field, in the order of their numbers: then it is what Python's
/// `SerializeToString(deterministic=True)` gives.
///
/// What has the value that a reader takes a missing field for is not written, but for elements of lists and choices.
package struct ProtobufWriter {
    /// What has been written.
    package private(set) var octets: [UInt8] = []

    /// - Parameter prefix: Octets that stay free before the message.
    package init(reserving prefix: Int = 0, capacity: Int = 0) {
        octets.reserveCapacity(prefix + capacity)
        for _ in 0..<prefix { octets.append(0) }
    }

    /// Goes on behind what was written.
    package init(adopting octets: [UInt8]) {
        self.octets = octets
    }

    // MARK: - Fields

    package mutating func field(_ number: Int, _ text: String) {
        if !text.isEmpty { element(number, text) }
    }

    package mutating func field(_ number: Int, _ flag: Bool) {
        if flag { choice(number, flag) }
    }

    package mutating func field(_ number: Int, _ value: Int) {
        if value != 0 { choice(number, value) }
    }

    /// Writes a string that stands in a list or a choice, though it may be empty.
    package mutating func element(_ number: Int, _ text: String) {
        tag(number, .bytes)
        var text = text
        text.withUTF8 { text in
            varint(UInt64(text.count))
            octets.append(contentsOf: text)
        }
    }

    /// Writes octets that stand in a list or a choice, though they may be none.
    package mutating func element(_ number: Int, _ bytes: UnsafeRawBufferPointer) {
        tag(number, .bytes)
        varint(UInt64(bytes.count))
        octets.append(contentsOf: bytes)
    }

    package mutating func choice(_ number: Int, _ flag: Bool) {
        tag(number, .varint)
        octets.append(flag ? 1 : 0)
    }

    /// Writes a number as a varint: ten octets if it is negative.
    package mutating func choice(_ number: Int, _ value: Int) {
        tag(number, .varint)
        varint(UInt64(bitPattern: Int64(value)))
    }

    package mutating func choice(_ number: Int, unsigned value: UInt64) {
        tag(number, .varint)
        varint(value)
    }

    package mutating func choice(_ number: Int, _ value: Double) {
        tag(number, .fixed64)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { octets.append(contentsOf: $0) }
    }

    // MARK: - Messages and lists

    /// Writes a message by `body`, though it may be empty.
    package mutating func message<Failure: Error>(
        _ number: Int,
        _ body: (inout ProtobufWriter) throws(Failure) -> Void
    ) throws(Failure) {
        tag(number, .bytes)
        // Most messages are short: the place of one octet is kept for their length.
        let start = octets.count
        octets.append(0)
        try body(&self)
        let length = octets.count - start - 1
        guard length >= 0x80 else { return octets[start] = UInt8(truncatingIfNeeded: length) }
        octets[start] = UInt8(truncatingIfNeeded: length & 0x7F) | 0x80
        let rest = Self.varint(UInt64(length >> 7))
        octets.insert(contentsOf: rest, at: start + 1)
    }

    /// Writes a list of numbers, packed; nothing if it is empty.
    package mutating func packed(_ number: Int, _ values: [Int]) {
        guard !values.isEmpty else { return }
        message(number) { writer in
            for value in values { writer.varint(UInt64(bitPattern: Int64(value))) }
        }
    }

    /// Writes a list of numbers, packed; nothing if it is empty.
    package mutating func packed(_ number: Int, varints values: some Sequence<UInt64>) {
        var iterator = values.makeIterator()
        guard let first = iterator.next() else { return }
        message(number) { writer in
            writer.varint(first)
            while let value = iterator.next() { writer.varint(value) }
        }
    }

    /// Writes a list of numbers of four or eight octets each, as they are; nothing if it is empty.
    package mutating func packed(_ number: Int, fixed bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty { element(number, bytes) }
    }

    // MARK: - Octets

    private mutating func tag(_ number: Int, _ wireType: ProtobufReader.WireType) {
        varint(UInt64(number) << 3 | UInt64(wireType.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            octets.append(UInt8(truncatingIfNeeded: rest & 0x7F) | 0x80)
            rest >>= 7
        }
        octets.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.varint(value)
        return writer.octets
    }
}
