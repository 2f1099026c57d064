/// Writes octets one behind the other into storage whose size is known beforehand.
struct OctetWriter: ~Copyable {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    fileprivate init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
        self.buffer = buffer
    }

    /// Writes `octets`; there must be room for them.
    ///
    /// In place, as that makes a few moves of the copy of a literal.
    @inline(__always) mutating func write(_ octets: UnsafeBufferPointer<UInt8>) {
        precondition(octets.count <= buffer.count - count)
        guard let target = buffer.baseAddress, let source = octets.baseAddress else { return }
        (target + count).update(from: source, count: octets.count)
        count += octets.count
    }

    @inline(__always) mutating func write(_ text: StaticString) {
        write(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ octets: [UInt8]) {
        octets.withUnsafeBufferPointer { write($0) }
    }

    /// Writes the octets of `text`; not for literals, which are quicker as they are.
    mutating func write(utf8Of text: String) {
        // Native strings lend their octets without a copy or a reference.
        if text.utf8.withContiguousStorageIfAvailable({ write($0) }) == nil { write(Array(text.utf8)) }
    }

    /// Writes `number`, which is not negative, in decimal digits.
    mutating func write(decimal number: Int) {
        let start = count
        var rest = UInt(number)
        repeat {
            count += 1
            rest /= 10
        } while rest > 0
        precondition(count <= buffer.count)
        rest = UInt(number)
        for place in (start..<count).reversed() {
            buffer[place] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Writes `text`, and a space for each control that would end a field value early.
    mutating func writeValue(_ text: String) {
        if text.utf8.withContiguousStorageIfAvailable({ writeValue($0) }) == nil {
            Array(text.utf8).withUnsafeBufferPointer { writeValue($0) }
        }
    }

    /// Writes `octets`, and a space for each control that would end a field value early (RFC 9110 5.5).
    mutating func writeValue(_ octets: UnsafeBufferPointer<UInt8>) {
        let start = count
        write(octets)
        var index = octets.span.firstControl(from: 0)
        while index < octets.count {
            buffer[start + index] = .space
            index = octets.span.firstControl(from: index + 1)
        }
    }
}

extension Array where Element == UInt8 {
    /// Appends what `body` writes, at most `limit` octets.
    @inline(__always)
    mutating func append(atMost limit: Int, _ body: (inout OctetWriter) -> Void) {
        append(addingCapacity: limit) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                var writer = OctetWriter(UnsafeMutableBufferPointer(rebasing: buffer[..<limit]))
                body(&writer)
                count = writer.count
            }
        }
    }
}
