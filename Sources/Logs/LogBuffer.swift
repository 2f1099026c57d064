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

    /// Appends a key with up to two bytes before it and two behind; zeros stand for none.
    @inline(__always) mutating func append(key: StaticString, after head: (UInt8, UInt8), before tail: (UInt8, UInt8)) {
        let length = key.utf8CodeUnitCount
        let start = room(for: length + 4)
        var end = start
        func put(_ byte: UInt8) {
            guard byte != 0 else { return }
            end.initialize(to: byte)
            end += 1
        }
        put(head.0)
        put(head.1)
        end.update(from: key.utf8Start, count: length)
        end += length
        put(tail.0)
        put(tail.1)
        count += end - start
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

extension UnsafeBufferPointer<UInt8> {
    /// Whether the text stands for itself: printable ASCII without quotation marks and backslashes, and in a word without
    /// blanks and equals signs.
    ///
    /// Eight bytes are looked at together.
    func isPlain(isWord: Bool) -> Bool {
        let least: UInt64 = isWord ? 0x21 : 0x20
        let ones: UInt64 = 0x0101_0101_0101_0101
        func hasZero(_ bytes: UInt64) -> UInt64 { (bytes &- ones) & ~bytes }
        func strange(_ bytes: UInt64) -> UInt64 {
            let marks = hasZero(bytes ^ 0x22 &* ones) | hasZero(bytes ^ 0x5C &* ones) | hasZero(bytes ^ 0x7F &* ones)
            let equals = isWord ? hasZero(bytes ^ 0x3D &* ones) : 0
            let small = (bytes &- least &* ones) & ~bytes
            return (marks | equals | small | bytes) & (0x80 &* ones)
        }
        var start = 0
        while start + 8 <= count {
            let bytes = UnsafeRawBufferPointer(self).loadUnaligned(fromByteOffset: start, as: UInt64.self)
            if strange(bytes) != 0 { return false }
            start += 8
        }
        guard start < count else { return true }
        var rest: UInt64 = 0x3030_3030_3030_3030
        for byte in self[start...] { rest = rest << 8 | UInt64(byte) }
        return strange(rest) == 0
    }
}
