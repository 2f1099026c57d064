/// The generator behind PyTorch's CPU random numbers: MT19937, seeded with 32 bits.
struct MersenneTwister: Sendable {
    private static let size = 624
    private static let shift = 397

    private var state: [UInt32]
    private var position = MersenneTwister.size

    /// Starts the stream of `seed`.
    init(seed: UInt32) {
        state = [seed]
        state.reserveCapacity(Self.size)
        for index in 1..<UInt32(Self.size) {
            let previous = state[state.endIndex - 1]
            state.append(1_812_433_253 &* (previous ^ previous >> 30) &+ index)
        }
    }

    /// Returns the next word of the stream.
    mutating func next() -> UInt32 {
        if position == Self.size { advance() }
        defer { position += 1 }
        return Self.tempered(state[position])
    }

    /// Writes the next words of the stream.
    mutating func fill(_ words: UnsafeMutableBufferPointer<UInt32>) {
        var filled = 0
        while filled < words.count {
            if position == Self.size { advance() }
            let count = min(Self.size - position, words.count - filled)
            for index in 0..<count { words[filled + index] = Self.tempered(state[position + index]) }
            position += count
            filled += count
        }
    }

    /// Makes the next block of 624 words; the loop is cut where it would read words that it wrote.
    private mutating func advance() {
        state.withUnsafeMutableBufferPointer { state in
            let split = Self.size - Self.shift
            for index in 0..<split {
                state[index] = state[index + Self.shift] ^ Self.twisted(state[index], state[index + 1])
            }
            for index in split..<Self.size - 1 {
                state[index] = state[index - split] ^ Self.twisted(state[index], state[index + 1])
            }
            state[Self.size - 1] = state[Self.shift - 1] ^ Self.twisted(state[Self.size - 1], state[0])
        }
        position = 0
    }

    private static func twisted(_ high: UInt32, _ low: UInt32) -> UInt32 {
        let mixed = high & 0x8000_0000 | low & 0x7FFF_FFFF
        return mixed >> 1 ^ (0 &- (mixed & 1)) & 0x9908_B0DF
    }

    private static func tempered(_ word: UInt32) -> UInt32 {
        var word = word
        word ^= word >> 11
        word ^= word << 7 & 0x9D2C_5680
        word ^= word << 15 & 0xEFC6_0000
        return word ^ word >> 18
    }
}
