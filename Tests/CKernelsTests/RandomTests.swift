import CKernels
import Testing

/// A seed promises its bits on every machine, so no set may round differently.
struct RandomTests {
    @Test(arguments: Kernels.available)
    func drawTheSameBitsInEverySet(kernels: Kernels) throws {
        let reference = try #require(Kernels.available.first)
        #expect(uniformFloats(kernels) == uniformFloats(reference))
        #expect(uniformDoubles(kernels) == uniformDoubles(reference))
        #expect(normalFloats(kernels) == normalFloats(reference))
    }

    @Test(arguments: Kernels.available)
    func fuseTheScalingOfUniformNumbers(kernels: Kernels) {
        let expected = draws.map { draw in
            (0.1 as Float).addingProduct(Float(draw & 0xFF_FFFF) * 0x1p-24, 0.7).bitPattern
        }
        #expect(uniformFloats(kernels) == expected)
    }

    private var draws: [UInt32] {
        var noise = Noise(seed: 6)
        return (0..<1003).map { _ in UInt32(truncatingIfNeeded: noise.next() >> 20) }
    }

    private func uniformFloats(_ kernels: Kernels) -> [UInt32] {
        var numbers = [Float](repeating: .nan, count: 1003)
        kernels.table.pointee.uniform_f32(draws, 1003, 0.1, 0.7, &numbers)
        return numbers.map(\.bitPattern)
    }

    private func uniformDoubles(_ kernels: Kernels) -> [UInt64] {
        var numbers = [Double](repeating: .nan, count: 501)
        kernels.table.pointee.uniform_f64(draws, 501, 0.1, 0.7, &numbers)
        return numbers.map(\.bitPattern)
    }

    private func normalFloats(_ kernels: Kernels) -> [UInt32] {
        var numbers = [Float](repeating: .nan, count: 1008)
        kernels.table.pointee.uniform_f32(draws, 1003, 0, 1, &numbers)
        numbers.replaceSubrange(1003..., with: [0, 0.5, 0.99999994, 0.25, 0.75])
        kernels.table.pointee.normal_f32(&numbers, 1008, 0.3, 1.7)
        return numbers.map(\.bitPattern)
    }
}
