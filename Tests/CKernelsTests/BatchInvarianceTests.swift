import CKernels
import Testing

/// The promise that a row has the same bits whatever batch and however many threads it was computed in.
struct BatchInvarianceTests {
    static let shapes = [(1, 1), (3, 4), (10, 784), (16, 256), (31, 257), (64, 64), (65, 300), (100, 33), (144, 513)]

    #if DEBUG
    static let batches = Array(1...14) + [31, 300]  // unoptimised kernels are a hundred times slower
    #else
    static let batches = Array(1...300)
    #endif

    @Test(arguments: Kernels.available, shapes)
    func floatRowsKeepTheirBits(kernels: Kernels, shape: (outputs: Int, inputs: Int)) {
        var noise = Noise(seed: 4)
        let (outputs, inputs) = shape
        let weight: [Float] = noise.reals(outputs * inputs)
        let bias: [Float] = noise.reals(outputs)
        let x: [Float] = noise.reals(300 * inputs)
        for packed in [
            PackedMatrix(weight, CALLPATH_F32, outputs: outputs, inputs: inputs),
            PackedMatrix(weight.map(Float16.init), CALLPATH_F16, outputs: outputs, inputs: inputs),
            PackedMatrix(weight.map { UInt16($0.bitPattern >> 16) }, CALLPATH_BF16, outputs: outputs, inputs: inputs),
        ] {
            let alone = (0..<300).flatMap { row in
                kernels.linear(Array(x[row * inputs..<(row + 1) * inputs]), packed, bias: bias).map(\.bitPattern)
            }
            for batch in Self.batches {
                let rows = kernels.linear(x, packed, bias: bias, rows: batch, shares: 1 + batch % 3)
                #expect(rows.map(\.bitPattern) == Array(alone.prefix(batch * outputs)), "\(packed.storage), \(batch)")
            }
        }
    }

    @Test(arguments: Kernels.available, shapes)
    func doubleRowsKeepTheirBits(kernels: Kernels, shape: (outputs: Int, inputs: Int)) {
        var noise = Noise(seed: 5)
        let (outputs, inputs) = shape
        let bias: [Double] = noise.reals(outputs)
        let x: [Double] = noise.reals(300 * inputs)
        let packed = PackedMatrix(
            noise.reals(outputs * inputs) as [Double],
            CALLPATH_F64,
            outputs: outputs,
            inputs: inputs
        )
        let alone = (0..<300).flatMap { row in
            kernels.linearDouble(Array(x[row * inputs..<(row + 1) * inputs]), packed, bias: bias).map(\.bitPattern)
        }
        for batch in Self.batches {
            let rows = kernels.linearDouble(x, packed, bias: bias, rows: batch, shares: 1 + batch % 3)
            #expect(rows.map(\.bitPattern) == Array(alone.prefix(batch * outputs)), "\(batch)")
        }
    }
}
