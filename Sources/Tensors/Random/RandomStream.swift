internal import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The state of a generator, and PyTorch's ways of turning its words into numbers.
struct RandomStream: Sendable {
    let seed: UInt64
    private var words: MersenneTwister
    /// The second number of a pair made by `nextNormal`; it waits for the next call, even of another tensor.
    private var spareNormal: Double?

    init(seed: UInt64) {
        self.seed = seed
        words = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
    }

    /// Writes numbers in `low..<high`, one word each.
    mutating func fillUniform(
        _ target: UnsafeMutableBufferPointer<Float>,
        from low: Float,
        to high: Float,
        rounding: Rounding = .once
    ) {
        let convert = KernelSet.current.table.pointee.uniform_f32
        let (start, width) = rounding == .once ? (low, high - low) : (0, 1)
        forEachBlock(of: target, wordsPerNumber: 1) { words, numbers, count in
            convert(words, count, start, width, numbers)
        }
        if rounding == .twice { Self.stretch(target, from: low, by: high - low) }
    }

    /// Writes numbers in `low..<high`, two words each.
    mutating func fillUniform(
        _ target: UnsafeMutableBufferPointer<Double>,
        from low: Double,
        to high: Double,
        rounding: Rounding = .once
    ) {
        let convert = KernelSet.current.table.pointee.uniform_f64
        let (start, width) = rounding == .once ? (low, high - low) : (0, 1)
        forEachBlock(of: target, wordsPerNumber: 2) { words, numbers, count in
            convert(words, count, start, width, numbers)
        }
        if rounding == .twice { Self.stretch(target, from: low, by: high - low) }
    }

    /// Writes normally distributed numbers.
    mutating func fillNormal(_ target: UnsafeMutableBufferPointer<Float>, mean: Double, deviation: Double) {
        guard target.count >= Self.blockSize else {
            for index in target.indices { target[index] = Float(nextNormal(mean: mean, deviation: deviation)) }
            return
        }
        let transform = KernelSet.current.table.pointee.normal_f32
        fillUniform(target, from: 0, to: 1)
        forEachNormalBlock(of: target, redraw: { $0.fillUniform($1, from: 0, to: 1) }) { block in
            guard let base = block.baseAddress else { return }
            transform(base, block.count, Float(mean), Float(deviation))
        }
    }

    /// Writes normally distributed numbers.
    mutating func fillNormal(_ target: UnsafeMutableBufferPointer<Double>, mean: Double, deviation: Double) {
        guard target.count >= Self.blockSize else {
            for index in target.indices { target[index] = nextNormal(mean: mean, deviation: deviation) }
            return
        }
        fillUniform(target, from: 0, to: 1)
        forEachNormalBlock(of: target, redraw: { $0.fillUniform($1, from: 0, to: 1) }) { block in
            Self.transform(block, mean: mean, deviation: deviation)
        }
    }

    /// Returns whether an event of `probability` happens, from two words.
    mutating func nextBernoulli(probability: Double) -> Bool {
        nextUnit() < probability
    }

    /// Returns a number in 0..<1 from the low 53 bits of two words, the high one first.
    private mutating func nextUnit() -> Double {
        let high = UInt64(words.next())
        let bits = (high << 32 | UInt64(words.next())) & (1 << 53 - 1)
        return Double(bits) * 0x1p-53
    }

    /// Returns the next of the normal numbers that PyTorch draws one by one, for fewer than sixteen.
    private mutating func nextNormal(mean: Double, deviation: Double) -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return mean.addingProduct(spare, deviation)
        }
        let angle = 2 * Double.pi * nextUnit()
        let radius = (-2 * log1p(-nextUnit())).squareRoot()
        spareNormal = radius * sin(angle)
        return mean.addingProduct(radius * cos(angle), deviation)
    }
}

extension RandomStream {
    /// How often `x * (high - low) + low` is rounded.
    enum Rounding {
        /// At the end only, by a fused multiply-add: PyTorch 2 on x86-64 with AVX2.
        case once
        /// After the product and after the sum: PyTorch 1.0.1.
        case twice

        init(of compatibility: Compatibility) {
            self = compatibility == .torch1_0_1 ? .twice : .once
        }
    }

    /// Moves numbers from 0..<1 to `low..<low + width`.
    private static func stretch<Number: BinaryFloatingPoint>(
        _ target: UnsafeMutableBufferPointer<Number>,
        from low: Number,
        by width: Number
    ) {
        for index in target.indices { target[index] = target[index] * width + low }
    }

    /// Sixteen numbers are made from sixteen: eight radii and eight angles.
    static let blockSize = 16
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

    /// Calls `transform` with all whole blocks; the last sixteen of a ragged end are drawn anew and transformed again.
    private mutating func forEachNormalBlock<Number>(
        of target: UnsafeMutableBufferPointer<Number>,
        redraw: (inout RandomStream, UnsafeMutableBufferPointer<Number>) -> Void,
        _ transform: (UnsafeMutableBufferPointer<Number>) -> Void
    ) {
        let remainder = target.count % Self.blockSize
        transform(UnsafeMutableBufferPointer(rebasing: target[..<(target.count - remainder)]))
        guard remainder > 0 else { return }
        let end = UnsafeMutableBufferPointer(rebasing: target[(target.count - Self.blockSize)...])
        redraw(&self, end)
        transform(end)
    }

    /// Box and Muller's transformation in `double`.
    private static func transform(_ blocks: UnsafeMutableBufferPointer<Double>, mean: Double, deviation: Double) {
        for start in stride(from: 0, to: blocks.count, by: blockSize) {
            for index in start..<start + blockSize / 2 {
                let radius = (-2 * log(1 - blocks[index])).squareRoot()
                let angle = 2 * Double.pi * blocks[index + blockSize / 2]
                blocks[index] = mean.addingProduct(radius * cos(angle), deviation)
                blocks[index + blockSize / 2] = mean.addingProduct(radius * sin(angle), deviation)
            }
        }
    }
}
