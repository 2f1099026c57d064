package import JSON

/// Reads the fields of a message, one after the other, without a copy of what it holds.
///
/// It takes and refuses what Python's protobuf takes and refuses: a varint has ten octets at most, a tag and a length five;
/// messages and groups nest 100 deep; strings are UTF-8.
package struct ProtobufReader {
    /// How a field's octets are delimited.
    package enum WireType: UInt8, Sendable {
        case varint, fixed64, bytes, groupStart, groupEnd, fixed32
    }

    /// What stands before the octets of a field.
    package struct Field: Sendable {
        package let number: UInt32
        package let wireType: WireType
    }

    /// How deep messages and groups may nest below the outermost.
    package static let maxDepth = 100
    /// The longest string or message.
    private static let maxLength = UInt64(Int32.max)

    /// The octets that the message stands in.
    package let octets: [UInt8]
    /// Where the next octet stands.
    package private(set) var position: Int
    private let end: Int
    private let depth: Int

    /// Creates a reader of the message that `octets` are from `start` to `end`, or to their end.
    package init(_ octets: [UInt8], from start: Int = 0) {
        self.octets = octets
        position = min(max(start, 0), octets.count)
        end = octets.count
        depth = 0
    }

    private init(_ octets: [UInt8], _ range: Range<Int>, depth: Int) {
        self.octets = octets
        position = range.lowerBound
        end = range.upperBound
        self.depth = depth
    }

    /// Returns the next field, whose octets come next; `nil` at the end of the message.
    package mutating func nextField() throws(ProtobufError) -> Field? {
        guard position < end else { return nil }
        let start = position
        let tag = try shortVarint(limit: UInt64(UInt32.max))
        guard tag >> 3 > 0, let wireType = WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else {
            throw .invalidTag(tag, at: start)
        }
        guard wireType != .groupEnd else { throw .groupEnd(at: start) }
        return Field(number: UInt32(truncatingIfNeeded: tag >> 3), wireType: wireType)
    }

    // MARK: - Numbers

    /// Reads a varint; what its tenth octet has beyond the 64th bit is lost.
    package mutating func readVarint() throws(ProtobufError) -> UInt64 {
        let start = position
        if position < end, octets[position] < 0x80 {
            defer { position += 1 }
            return UInt64(octets[position])
        }
        var value: UInt64 = 0
        for place in 0..<10 {
            guard position < end else { throw .truncated(at: start) }
            let octet = octets[position]
            position += 1
            value |= UInt64(octet & 0x7F) << UInt64(7 * place)
            guard octet >= 0x80 else { return value }
        }
        throw .varintTooLong(at: start)
    }

    /// Reads a varint of five octets at most that says no more than `limit`.
    private mutating func shortVarint(limit: UInt64) throws(ProtobufError) -> UInt64 {
        let start = position
        let value = try readVarint()
        guard position - start <= 5, value <= limit else { throw .varintTooLong(at: start) }
        return value
    }

    /// Reads four octets, the least significant first.
    package mutating func readFixed32() throws(ProtobufError) -> UInt32 {
        UInt32(truncatingIfNeeded: try readFixed(4))
    }

    /// Reads eight octets, the least significant first.
    package mutating func readFixed64() throws(ProtobufError) -> UInt64 {
        try readFixed(8)
    }

    private mutating func readFixed(_ count: Int) throws(ProtobufError) -> UInt64 {
        guard end - position >= count else { throw .truncated(at: position) }
        var value: UInt64 = 0
        for place in 0..<count { value |= UInt64(octets[position + place]) << UInt64(8 * place) }
        position += count
        return value
    }

    package mutating func readBool() throws(ProtobufError) -> Bool {
        try readVarint() != 0
    }

    // MARK: - Octets

    /// Reads octets behind their length, and returns where they stand.
    package mutating func readRange() throws(ProtobufError) -> Range<Int> {
        let start = position
        let length = Int(truncatingIfNeeded: try shortVarint(limit: Self.maxLength))
        guard length <= end - position else { throw .truncated(at: start) }
        let range = position..<(position + length)
        position = range.upperBound
        return range
    }

    package mutating func readString() throws(ProtobufError) -> String {
        let range = try readRange()
        let text = octets.withUnsafeBufferPointer { octets in
            String(validating: UnsafeBufferPointer(rebasing: octets[range]), as: UTF8.self)
        }
        guard let text else { throw .notUTF8(at: range.lowerBound) }
        return text
    }

    /// Reads a message within this one by `body`, which must take all of its fields.
    package mutating func readMessage(
        _ body: (inout ProtobufReader) throws(ProtobufError) -> Void
    ) throws(ProtobufError) {
        let start = position
        let range = try readRange()
        guard depth < Self.maxDepth else { throw .tooDeep(at: start) }
        var reader = ProtobufReader(octets, range, depth: depth + 1)
        try body(&reader)
    }

    // MARK: - What nobody asks for

    /// Passes over the octets of `field`.
    package mutating func skip(_ field: Field) throws(ProtobufError) {
        guard field.wireType == .groupStart else { return try skipScalar(field.wireType) }
        // The numbers of the groups that are open, the innermost last.
        var open = [field.number]
        guard depth < Self.maxDepth else { throw .tooDeep(at: position) }
        while let innermost = open.last {
            let start = position
            guard position < end else { throw .truncated(at: start) }
            let tag = try shortVarint(limit: UInt64(UInt32.max))
            let number = UInt32(truncatingIfNeeded: tag >> 3)
            guard number > 0, let wireType = WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else {
                throw .invalidTag(tag, at: start)
            }
            switch wireType {
            case .groupEnd:
                guard number == innermost else { throw .groupEnd(at: start) }
                open.removeLast()
            case .groupStart:
                guard depth + open.count < Self.maxDepth else { throw .tooDeep(at: start) }
                open.append(number)
            case .varint, .fixed64, .bytes, .fixed32: try skipScalar(wireType)
            }
        }
    }

    private mutating func skipScalar(_ wireType: WireType) throws(ProtobufError) {
        switch wireType {
        case .varint: _ = try readVarint()
        case .fixed64: _ = try readFixed(8)
        case .fixed32: _ = try readFixed(4)
        case .bytes: _ = try readRange()
        case .groupStart, .groupEnd: break
        }
    }

    /// Reads the rest of a message of which no field matters.
    package mutating func skipAll() throws(ProtobufError) {
        while let field = try nextField() { try skip(field) }
    }
}

/// The entries of a map whose keys are names; two names are one only if they are octet for octet.
package typealias ProtobufMap<Value> = [ExactString: Value]

extension ProtobufReader {
    /// Reads an entry of a map with names as keys: what lacks is empty, and of two the last counts.
    ///
    /// - Parameter value: Reads the value into what was read of it before.
    package mutating func readEntry<Value>(
        of map: inout ProtobufMap<Value>,
        empty: Value,
        _ value: (inout ProtobufReader, inout Value) throws(ProtobufError) -> Void
    ) throws(ProtobufError) {
        var entry = (key: "", value: empty)
        try readMessage { reader throws(ProtobufError) in
            while let field = try reader.nextField() {
                switch (field.number, field.wireType) {
                case (1, .bytes): entry.key = try reader.readString()
                case (2, .bytes):
                    try reader.readMessage { reader throws(ProtobufError) in try value(&reader, &entry.value) }
                default: try reader.skip(field)
                }
            }
        }
        map[ExactString(entry.key)] = entry.value
    }
}
