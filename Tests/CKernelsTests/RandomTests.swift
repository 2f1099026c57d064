import CKernels
import Testing

/// A seed promises its bits on every machine, so no set may round differently.
struct RandomTests {
    @Test(arguments: Kernels.available)
    func drawTheSameBitsInEverySet(kernels: Kernels) throws {
        let reference = try #require(Kernels.available.first)
        for torch in [CALLPATH_TORCH_2, CALLPATH_TORCH_1] {
            #expect(uniformFloats(kernels, torch) == uniformFloats(reference, torch))
            #expect(uniformDoubles(kernels, torch) == uniformDoubles(reference, torch))
            #expect(normalFloats(kernels, torch) == normalFloats(reference, torch))
        }
    }

    @Test(arguments: Kernels.available)
    func fuseTheScalingOfUniformNumbers(kernels: Kernels) {
        let expected = draws.map { draw in
            (0.1 as Float).addingProduct(Float(draw & 0xFF_FFFF) * 0x1p-24, 0.8 - 0.1).bitPattern
        }
        #expect(uniformFloats(kernels, CALLPATH_TORCH_2) == expected)
    }

    private var draws: [UInt32] {
        var noise = Noise(seed: 6)
        return (0..<1003).map { _ in UInt32(truncatingIfNeeded: noise.next() >> 20) }
    }

    private func uniformFloats(_ kernels: Kernels, _ torch: callpath_torch) -> [UInt32] {
        var numbers = [Float](repeating: .nan, count: 1003)
        kernels.table.pointee.uniform_f32(draws, 1003, 0.1, 0.8, torch, &numbers)
        return numbers.map(\.bitPattern)
    }

    private func uniformDoubles(_ kernels: Kernels, _ torch: callpath_torch) -> [UInt64] {
        var numbers = [Double](repeating: .nan, count: 501)
        kernels.table.pointee.uniform_f64(draws, 501, 0.1, 0.8, torch, &numbers)
        return numbers.map(\.bitPattern)
    }

    private func normalFloats(_ kernels: Kernels, _ torch: callpath_torch) -> [UInt32] {
        var numbers = [Float](repeating: .nan, count: 1008)
        kernels.table.pointee.uniform_f32(draws, 1003, 0, 1, torch, &numbers)
        numbers.replaceSubrange(1003..., with: [0, 0.5, 0.99999994, 0.25, 0.75])
        kernels.table.pointee.normal_f32(&numbers, 1008, 0.3, 1.7, torch)
        return numbers.map(\.bitPattern)
    }
}
