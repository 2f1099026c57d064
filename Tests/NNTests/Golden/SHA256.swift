import Testing

/// The digest that stands for a large tensor in the fixture (FIPS 180-4).
enum SHA256 {
    static func digest(of message: [UInt8]) -> String {
        var hash = initialHash
        let padded = padded(message)
        for start in stride(from: 0, to: padded.count, by: 64) { compress(&hash, padded[start..<start + 64]) }
        return hash.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// The fractions of the square and cube roots of the first primes.
    private static let initialHash = primes.prefix(8).map { fraction(of: Double($0).squareRoot()) }
    private static let constants = primes.map { fraction(of: cubeRoot(of: $0)) }
    private static let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }

    private static func fraction(of root: Double) -> UInt32 {
        UInt32((root - root.rounded(.down)) * 0x1p32)
    }

    private static func cubeRoot(of number: Int) -> Double {
        var root = 7.0
        for _ in 0..<60 { root -= (root * root * root - Double(number)) / (3 * root * root) }
        return root
    }

    private static func padded(_ message: [UInt8]) -> [UInt8] {
        let zeros = [UInt8](repeating: 0, count: (119 - message.count % 64) % 64)
        let length = UInt64(message.count * 8)
        return message + [0x80] + zeros + (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
    }

    private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    private static func compress(_ hash: inout [UInt32], _ block: ArraySlice<UInt8>) {
        let words = schedule(block)
        var state = hash
        for index in 0..<64 {
            let (a, e) = (state[0], state[4])
            let choice = (e & state[5]) ^ (~e & state[6])
            let majority = (a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2])
            let first =
                state[7] &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ constants[index] &+ words[index]
            let second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
            state = [first &+ second, a, state[1], state[2], state[3] &+ first, e, state[5], state[6]]
        }
        for index in hash.indices { hash[index] &+= state[index] }
    }

    private static func schedule(_ block: ArraySlice<UInt8>) -> [UInt32] {
        var words = (0..<16).map { word in
            (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(block[block.startIndex + word * 4 + $1]) }
        }
        for index in 16..<64 {
            let (early, late) = (words[index - 15], words[index - 2])
            let first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
            let second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
            words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
        }
        return words
    }
}

struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func givesThePublishedDigests(message: String, digest: String) {
        #expect(SHA256.digest(of: Array(message.utf8)) == digest)
    }
}
