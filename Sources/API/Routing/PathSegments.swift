import HTTP

/// A path, cut at its slashes and decoded.
///
/// Each segment is decoded once, after the cut: an encoded slash never makes two of one.
struct PathSegments {
    private var octets: ArraySlice<UInt8>
    private var places: [Range<Int>] = []

    /// Cuts `path`; `nil` if its percent-encoding is broken.
    init?(_ path: ArraySlice<UInt8>) {
        octets = path
        places.reserveCapacity(8)
        var start = path.startIndex + (path.isEmpty ? 0 : 1)
        for index in path.indices.dropFirst() where path[index] == UInt8(ascii: "/") {
            places.append(start..<index)
            start = index + 1
        }
        places.append(start..<path.endIndex)
        if path.contains(UInt8(ascii: "%")), !decode() { return nil }
    }

    private mutating func decode() -> Bool {
        var decoded: [UInt8] = []
        for (index, place) in places.enumerated() {
            guard let segment = PercentEncoding.decodedOctets(octets[place]) else { return false }
            places[index] = decoded.count..<decoded.count + segment.count
            decoded += segment
        }
        octets = decoded[...]
        return true
    }

    var count: Int { places.count }

    /// Returns whether segment `index` is `word`.
    func isSegment(_ index: Int, _ word: [UInt8]) -> Bool {
        let place = places[index]
        guard place.count == word.count else { return false }
        for offset in word.indices where octets[place.lowerBound + offset] != word[offset] { return false }
        return true
    }

    func isEmpty(_ index: Int) -> Bool { places[index].isEmpty }

    /// Segment `index` as text.
    func text(_ index: Int) -> String { String(decoding: octets[places[index]], as: UTF8.self) }

    /// The segments from `index` on, with slashes between them, as text.
    func rest(from index: Int) -> String { (index..<count).map(text).joined(separator: "/") }
}
