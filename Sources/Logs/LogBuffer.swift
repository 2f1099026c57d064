/// Bytes that gather in memory of their own: adding some copies none of those that are there, whoever holds the buffer.
///
/// An array would do if it were never shared, not even for a moment; one that is copies itself for each line.
struct LogBuffer: ~Copyable, @unchecked Sendable {
    // Whoever has the buffer has it alone, as it is never copied: so it may go from thread to thread.
    private var start: UnsafeMutablePointer<UInt8>?
    private var capacity = 0
    private(set) var count = 0

    /// Creates a buffer that takes no memory yet.
    init() {}

    deinit { start?.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// The bytes.
    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }

    /// Forgets the bytes and keeps the memory.
    mutating func removeAll() { count = 0 }

    /// Returns where the next `more` bytes go.
    @inline(__always) private mutating func room(for more: Int) -> UnsafeMutablePointer<UInt8> {
        if let start, count + more <= capacity { return start + count }
        return grown(by: more)
    }

    private mutating func grown(by more: Int) -> UnsafeMutablePointer<UInt8> {
        capacity = max(4_096, 2 * capacity, count + more)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        if let start {
            larger.update(from: start, count: count)
            start.deallocate()
        }
        start = larger
        return larger + count
    }

    @inline(__always) mutating func append(_ byte: UInt8) {
        room(for: 1).initialize(to: byte)
        count += 1
    }

    @inline(__always) mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        room(for: bytes.count).update(from: source, count: bytes.count)
        count += bytes.count
    }

    @inline(__always) mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// Appends a number in decimal digits, at least `width` of them.
    mutating func append(decimal number: Int, width: Int = 1) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var digits = (UInt64(0), UInt64(0), UInt64(0))  // Room for the twenty digits of the largest.
        withUnsafeMutableBytes(of: &digits) { digits in
            var place = digits.count
            repeat {
                place -= 1
                digits[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0 || digits.count - place < width
            append(UnsafeBufferPointer(rebasing: digits.bindMemory(to: UInt8.self)[place...]))
        }
    }
}
