internal import CKernels

/// The state of a generator, and PyTorch's ways of turning its words into numbers.
struct RandomStream: Sendable {
    let seed: UInt64
    private var words: MersenneTwister
    /// The second number of a pair made by `nextNormal`; it waits for the next call, even of another tensor.
    var spareNormal: Double?

    init(seed: UInt64) {
        self.seed = seed
        words = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
    }

    /// Writes numbers in `low..<high`, one word each.
    mutating func fillUniform(
        _ target: UnsafeMutableBufferPointer<Float>,
        from low: Float,
        to high: Float,
        as torch: Compatibility = .current
    ) {
        let convert = KernelSet.current.table.pointee.uniform_f32
        forEachBlock(of: target, wordsPerNumber: 1) { words, numbers, count in
            convert(words, count, low, high, torch.ofKernels, numbers)
        }
    }

    /// Writes numbers in `low..<high`, two words each.
    mutating func fillUniform(
        _ target: UnsafeMutableBufferPointer<Double>,
        from low: Double,
        to high: Double,
        as torch: Compatibility = .current
    ) {
        let convert = KernelSet.current.table.pointee.uniform_f64
        forEachBlock(of: target, wordsPerNumber: 2) { words, numbers, count in
            convert(words, count, low, high, torch.ofKernels, numbers)
        }
    }

    /// Returns whether an event of `probability` happens, from two words.
    mutating func nextBernoulli(probability: Double) -> Bool {
        nextUnit() < probability
    }

    /// Returns a number in 0..<1 from the low 53 bits of two words, the high one first.
    mutating func nextUnit() -> Double {
        let high = UInt64(words.next())
        let bits = (high << 32 | UInt64(words.next())) & (1 << 53 - 1)
        return Double(bits) * 0x1p-53
    }

    /// Returns the next 32 bits.
    mutating func nextWord() -> UInt32 { words.next() }

    /// Returns an integer below `count`, from one word, or from two if one might not reach.
    mutating func nextInteger(below count: UInt64) -> UInt64 {
        guard count >= 1 << 28 else { return UInt64(words.next()) % max(count, 1) }
        let high = UInt64(words.next())
        return (high << 32 | UInt64(words.next())) % count
    }

    private static let wordsPerBlock = 1024

    /// Calls `convert` with as many random words as each part of `target` takes.
    private mutating func forEachBlock<Number>(
        of target: UnsafeMutableBufferPointer<Number>,
        wordsPerNumber: Int,
        _ convert: (UnsafePointer<UInt32>, UnsafeMutablePointer<Number>, Int) -> Void
    ) {
        guard let start = target.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.wordsPerBlock) { buffer in
            guard let drawn = buffer.baseAddress else { return }
            let step = Self.wordsPerBlock / wordsPerNumber
            for first in stride(from: 0, to: target.count, by: step) {
                let count = min(step, target.count - first)
                words.fill(UnsafeMutableBufferPointer(rebasing: buffer[..<(count * wordsPerNumber)]))
                convert(drawn, start + first, count)
            }
        }
    }
}

extension Compatibility {
    /// The same version as the kernels name it.
    var ofKernels: callpath_torch {
        switch self {
        case .current: CALLPATH_TORCH_2
        case .torch1_0_1: CALLPATH_TORCH_1
        }
    }
}
