internal import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Normally distributed numbers, by Box and Muller's transformation: fewer than sixteen one by one in `double`, more of
/// them sixteen at a time, eight radii and eight angles.
extension RandomStream {
    static let blockSize = 16

    /// Writes normally distributed numbers.
    ///
    /// - Parameter areHalves: Whether they are to be rounded to halves, for which PyTorch draws in another order.
    mutating func fillNormal(
        _ target: UnsafeMutableBufferPointer<Float>,
        mean: Double,
        deviation: Double,
        areHalves: Bool = false,
        as torch: Compatibility = .current
    ) {
        guard target.count >= Self.blockSize else {
            for index in target.indices { target[index] = Float(nextNormal(mean, deviation, torch)) }
            return
        }
        let transform = KernelSet.current.table.pointee.normal_f32
        // Halves that will be drawn anew are not drawn before.
        let first = areHalves ? target.count - target.count % Self.blockSize : target.count
        fillUniform(UnsafeMutableBufferPointer(rebasing: target[..<first]), from: 0, to: 1)
        forEachNormalBlock(of: target, redraw: { $0.fillUniform($1, from: 0, to: 1) }) { block in
            guard let base = block.baseAddress else { return }
            transform(base, block.count, Float(mean), Float(deviation), torch.ofKernels)
        }
    }

    /// Writes normally distributed numbers.
    mutating func fillNormal(
        _ target: UnsafeMutableBufferPointer<Double>,
        mean: Double,
        deviation: Double,
        as torch: Compatibility = .current
    ) {
        guard target.count >= Self.blockSize else {
            for index in target.indices { target[index] = nextNormal(mean, deviation, torch) }
            return
        }
        fillUniform(target, from: 0, to: 1)
        forEachNormalBlock(of: target, redraw: { $0.fillUniform($1, from: 0, to: 1) }) { block in
            Self.transform(block, mean, deviation, torch)
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

    /// Transforms whole blocks in `double`.
    private static func transform(
        _ blocks: UnsafeMutableBufferPointer<Double>,
        _ mean: Double,
        _ deviation: Double,
        _ torch: Compatibility
    ) {
        for start in stride(from: 0, to: blocks.count, by: blockSize) {
            for index in start..<start + blockSize / 2 {
                let radius = (-2 * log(1 - blocks[index])).squareRoot()
                let angle = 2 * Double.pi * blocks[index + blockSize / 2]
                blocks[index] = moved(radius * cos(angle), mean, deviation, torch)
                blocks[index + blockSize / 2] = moved(radius * sin(angle), mean, deviation, torch)
            }
        }
    }

    /// Returns the next of the numbers that are drawn one by one.
    private mutating func nextNormal(_ mean: Double, _ deviation: Double, _ torch: Compatibility) -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return Self.moved(spare, mean, deviation, torch)
        }
        let angle = 2 * Double.pi * nextUnit()
        let unit = nextUnit()
        let radius = (-2 * (torch == .current ? log1p(-unit) : log(1 - unit))).squareRoot()
        spareNormal = radius * sin(angle)
        return Self.moved(radius * cos(angle), mean, deviation, torch)
    }

    /// Returns a number of the standard distribution as one of another: PyTorch 1 rounded the product, too.
    private static func moved(
        _ number: Double,
        _ mean: Double,
        _ deviation: Double,
        _ torch: Compatibility
    ) -> Double {
        torch == .current ? mean.addingProduct(number, deviation) : number * deviation + mean
    }
}
