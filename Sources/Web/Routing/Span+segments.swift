import HTTP

/// The segments of a path as it was sent, whose percent-encoding is known to be whole.
///
/// Each is decoded for itself, after the cut: an encoded slash never makes two of one.
extension Span where Element == UInt8 {
    /// Returns where the segment that begins at `start` ends.
    func segmentEnd(from start: Int) -> Int {
        var end = start
        while end < count, self[end] != UInt8(ascii: "/") { end += 1 }
        return end
    }

    /// Returns whether `segment`, decoded, is `word`.
    func isWord(_ segment: Range<Int>, _ word: Span<UInt8>) -> Bool {
        let segment = extracting(segment)
        // Only an encoding makes a segment longer than what it says.
        guard segment.count > word.count else { return segment.equals(word) }
        return segment.withUnsafeBufferPointer { octets in
            guard octets.contains(UInt8(ascii: "%")) else { return false }
            return PercentEncoding.decodedOctets(octets).map { $0.span.equals(word) } ?? false
        }
    }

    private func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index < count, self[index] == other[index] { index &+= 1 }
        return index == count
    }

    /// Returns `segments`, one or more, decoded as text.
    func decodedText(_ segments: Range<Int>) -> String {
        extracting(segments).withUnsafeBufferPointer { octets in
            guard octets.contains(UInt8(ascii: "%")) else { return String(decoding: octets, as: UTF8.self) }
            return String(decoding: PercentEncoding.decodedOctets(octets) ?? [], as: UTF8.self)
        }
    }
}
