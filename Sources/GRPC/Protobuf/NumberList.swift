/// The numbers of a repeated field as they came, checked and not yet converted.
///
/// Packed in one piece, as every client sends them, they stay where they are in the message. Several pieces, and numbers
/// that came one by one, are gathered.
package struct NumberList: Sendable {
    /// How a number is written.
    package enum Form: Sendable {
        case varint, fixed32, fixed64

        /// The octets of each number; nil if that depends on the number.
        fileprivate var width: Int? {
            switch self {
            case .varint: nil
            case .fixed32: 4
            case .fixed64: 8
            }
        }
    }

    private enum Storage: Sendable {
        case inPlace(Range<Int>)
        case gathered([UInt8])
    }

    private let form: Form
    private var storage = Storage.inPlace(0..<0)
    /// How many numbers there are.
    package private(set) var count = 0

    package init(_ form: Form) {
        self.form = form
    }

    package var isEmpty: Bool { count == 0 }

    /// Takes the numbers, or the number, of a field; returns false if they do not have the form.
    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.wireType, form) {
        case (.bytes, _):
            let range = try reader.readRange()
            let added = try Self.count(form, reader.octets, range)
            append(range, of: reader.octets)
            count += added
        case (.varint, .varint), (.fixed32, .fixed32), (.fixed64, .fixed64):
            let start = reader.position
            try reader.skip(field)
            append(start..<reader.position, of: reader.octets)
            count += 1
        default: return false
        }
        return true
    }

    private mutating func append(_ range: Range<Int>, of octets: [UInt8]) {
        guard !range.isEmpty else { return }
        switch storage {
        case .inPlace(let earlier) where earlier.isEmpty: storage = .inPlace(range)
        case .inPlace(let earlier): storage = .gathered(Array(octets[earlier]) + octets[range])
        case .gathered(var gathered):
            // The list holds none while the octets are added, so that they are not copied.
            storage = .inPlace(0..<0)
            gathered.append(contentsOf: octets[range])
            storage = .gathered(gathered)
        }
    }

    /// Returns how many numbers are packed in `range`.
    private static func count(
        _ form: Form,
        _ octets: [UInt8],
        _ range: Range<Int>
    ) throws(ProtobufError) -> Int {
        if let width = form.width {
            guard range.count.isMultiple(of: width) else { throw .packedLength(at: range.lowerBound) }
            return range.count / width
        }
        var (count, length) = (0, 0)
        for position in range {
            length += 1
            guard length <= 10 else { throw .varintTooLong(at: position - 10) }
            guard octets[position] < 0x80 else { continue }
            (count, length) = (count + 1, 0)
        }
        guard length == 0 else { throw .packedLength(at: range.lowerBound) }
        return count
    }

    /// Runs `body` with the numbers in their form, one behind the other.
    ///
    /// - Parameter octets: The octets of the message.
    package func withPacked<Result, Failure: Error>(
        in octets: [UInt8],
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch storage {
        case .inPlace(let range):
            try octets.span.withUnsafeBytes { octets throws(Failure) in
                try body(UnsafeRawBufferPointer(rebasing: octets[range]))
            }
        case .gathered(let gathered): try gathered.span.withUnsafeBytes(body)
        }
    }

    /// Calls `body` with each varint, in order.
    package func forEachVarint<Failure: Error>(
        in octets: [UInt8],
        _ body: (UInt64) throws(Failure) -> Void
    ) throws(Failure) {
        try withPacked(in: octets) { packed throws(Failure) in
            var (value, shift): (UInt64, UInt64) = (0, 0)
            for octet in packed {
                value |= UInt64(octet & 0x7F) << shift
                shift += 7
                guard octet < 0x80 else { continue }
                try body(value)
                (value, shift) = (0, 0)
            }
        }
    }
}
