/// Makes broken messages out of good and bad ones, the same for the same seed.
struct Mutator {
    private var generator: SplitMix64
    private let seeds: [[UInt8]]
    private let goodSeeds: [[UInt8]]

    /// What is likely to matter where it is put.
    private static let pieces: [[UInt8]] =
        [
            "\r\n", "\r", "\n", " ", "\t", ":", ",", ";", "=", "\"", "\\", "%", "?", "/", "*", "[", "]", "\u{0}", "0",
            "1", "f",
            "\r\n\r\n", "chunked", "close", "keep-alive", "Host: x\r\n", "Content-Length: 2\r\n", "%2f", "HTTP/1.0",
            "HTTP/1.1",
            "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n", "http://a", "::1",
            "127.0.0.1",
            "0\r\n\r\n", "2\r\nhi\r\n", ";a=b", "99999999999999999999", "FFFFFFFFFFFFFFFF", "OPTIONS", "CONNECT",
            "\u{7F}",
        ].map { Array($0.utf8) } + [[0x80], [0xFF]]

    /// Field lines that change nothing.
    private static let lines = ["X:\r\n", "x-y: a, b\t\r\n", "Accept: */*\r\n", "Cookie:  \u{E9}=1 \r\n"].map {
        Array($0.utf8)
    }

    /// Creates a mutator of `seeds`, of which `goodSeeds` are messages without a fault.
    init(seeds: [[UInt8]], goodSeeds: [[UInt8]], seed: UInt64) {
        self.seeds = seeds
        self.goodSeeds = goodSeeds
        self.generator = SplitMix64(state: seed)
    }

    /// Returns the next message: every other one changed so that it may well be good, else broken.
    mutating func next() -> [UInt8] {
        if Bool.random(using: &generator) { return nextGood() }
        var octets = pick(seeds)
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&octets) }
        return octets
    }

    private mutating func nextGood() -> [UInt8] {
        var octets = pick(goodSeeds)
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: octets += pick(goodSeeds)
            case 1:
                let lineEnd = octets.firstIndex(of: 0x0A).map { $0 + 1 } ?? 0
                octets.insert(contentsOf: pick(Self.lines), at: lineEnd)
            default:
                let index = place(in: octets.count - 1)
                octets[index] = neighbour(of: octets[index])
            }
        }
        return octets
    }

    /// Cuts `octets` in up to four pieces at places of chance.
    mutating func pieces(of octets: [UInt8]) -> [[UInt8]] {
        let count = octets.count
        let cuts = [0, place(in: count), place(in: count), place(in: count), count].sorted()
        return zip(cuts, cuts.dropFirst()).map { Array(octets[$0..<$1]) }.filter { !$0.isEmpty }
    }

    private mutating func change(_ octets: inout [UInt8]) {
        let start = place(in: octets.count)
        let end = min(octets.count, start + Int.random(in: 1...8, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: octets.insert(contentsOf: pick(Self.pieces), at: start)
        case 1: octets.replaceSubrange(start..<end, with: pick(Self.pieces))
        case 2: octets.removeSubrange(start..<end)
        case 3: octets.insert(contentsOf: octets[start..<end], at: place(in: octets.count))
        case 4 where start < octets.count: octets[start] = UInt8.random(in: 0...255, using: &generator)
        case 5 where start < octets.count: octets[start] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 6:
            let other = pick(seeds)
            octets = Array(octets[..<start] + other[place(in: other.count)...])
        default: octets.append(contentsOf: pick(Self.pieces))
        }
    }

    /// Returns an octet of the same kind, with which a good message mostly stays good.
    private mutating func neighbour(of octet: UInt8) -> UInt8 {
        switch octet {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            .random(in: UInt8(ascii: "0")...UInt8(ascii: "9"), using: &generator)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            .random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &generator)
        default: octet
        }
    }

    private mutating func place(in count: Int) -> Int {
        Int.random(in: 0...count, using: &generator)
    }

    private mutating func pick(_ choices: [[UInt8]]) -> [UInt8] {
        choices.randomElement(using: &generator) ?? []
    }
}

/// A small generator with a seed (Steele, Lea and Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
