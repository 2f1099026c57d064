import CKernels
import Testing

struct LinearTests {
    static let shapes = [
        (1, 1), (3, 4), (8, 2), (16, 16), (17, 255), (15, 256), (33, 257), (7, 513), (70, 784), (130, 31),
    ]

    @Test(arguments: Kernels.available)
    func addsTheBiasToTheProduct(kernels: Kernels) {
        let weight: [Float] = [1, 1, 1, 1, 0, 1, 2, 3, -1, 0.5, 0, 2]
        let packed = PackedMatrix(weight, CALLPATH_F32, outputs: 3, inputs: 4)
        #expect(kernels.linear([1, 2, 3, 4], packed, bias: [0.5, 0, -8]) == [10.5, 20, 0])
        #expect(kernels.linear([1, 2, 3, 4], packed) == [10, 20, 8])
    }

    @Test(arguments: Kernels.available, shapes)
    func isExactWhereSumsAre(kernels: Kernels, shape: (outputs: Int, inputs: Int)) {
        var noise = Noise(seed: 1)
        let (outputs, inputs) = shape
        let weight: [Double] = noise.integers(outputs * inputs)
        let bias: [Double] = noise.integers(outputs)
        let double = PackedMatrix(weight, CALLPATH_F64, outputs: outputs, inputs: inputs)
        let floats = [
            PackedMatrix(weight.map(Float.init), CALLPATH_F32, outputs: outputs, inputs: inputs),
            PackedMatrix(weight.map(Float16.init), CALLPATH_F16, outputs: outputs, inputs: inputs),
            PackedMatrix(weight.map(Self.bfloat16), CALLPATH_BF16, outputs: outputs, inputs: inputs),
        ]
        for rows in 1...14 {
            let x: [Double] = noise.integers(rows * inputs)
            let expected = Self.exactProduct(x, weight, bias, rows: rows, inputs: inputs)
            #expect(kernels.linearDouble(x, double, bias: bias, rows: rows) == expected)
            for packed in floats {
                let result = kernels.linear(x.map(Float.init), packed, bias: bias.map(Float.init), rows: rows)
                #expect(result == expected.map(Float.init), "\(packed.storage), \(rows) rows")
            }
        }
    }

    @Test(arguments: Kernels.available, shapes)
    func sumsInChunksOf256ThenAddsTheBias(kernels: Kernels, shape: (outputs: Int, inputs: Int)) {
        var noise = Noise(seed: 2)
        let (outputs, inputs) = shape
        let weight: [Float] = noise.reals(outputs * inputs)
        let bias: [Float] = noise.reals(outputs)
        let x: [Float] = noise.reals(inputs)
        let packed = PackedMatrix(weight, CALLPATH_F32, outputs: outputs, inputs: inputs)
        let expected = (0..<outputs).map { output in
            let row = weight[output * inputs..<(output + 1) * inputs]
            return Self.chunkedSum(x, Array(row), fused: kernels.isFused) + bias[output]
        }
        #expect(kernels.linear(x, packed, bias: bias) == expected)
    }

    @Test(arguments: Kernels.available)
    func packsATransposedMatrixAlike(kernels: Kernels) {
        var noise = Noise(seed: 3)
        let weight: [Float] = noise.reals(19 * 37)
        let turned = (0..<37).flatMap { input in (0..<19).map { weight[$0 * 37 + input] } }
        let x: [Float] = noise.reals(37)
        let packed = PackedMatrix(weight, CALLPATH_F32, outputs: 19, inputs: 37)
        let packedTurned = PackedMatrix(turned, CALLPATH_F32, outputs: 19, inputs: 37, transposed: true)
        #expect(kernels.linear(x, packedTurned) == kernels.linear(x, packed))
    }

    @Test(arguments: Kernels.available)
    func answersTheBiasWithoutInputs(kernels: Kernels) {
        let packed = PackedMatrix([Float](), CALLPATH_F32, outputs: 18, inputs: 0)
        let bias = (0..<18).map(Float.init)
        #expect(kernels.linear([], packed, bias: bias, rows: 2) == bias + bias)
        #expect(kernels.linear([], packed, rows: 1) == [Float](repeating: 0, count: 18))
        #expect(kernels.linear([], packed, bias: bias, rows: 0) == [])
    }

    @Test(arguments: Kernels.available)
    func writesOnlyThePanelsAskedFor(kernels: Kernels) {
        let packed = PackedMatrix([Float](repeating: 1, count: 40), CALLPATH_F32, outputs: 40, inputs: 1)
        var out = [Float](repeating: 7, count: 40)
        let middle = callpath_product(
            rows: 1,
            inputs: 1,
            outputs: 40,
            out_stride: 40,
            first_panel: 1,
            end_panel: 2,
            from_end: false
        )
        kernels.table.pointee.linear_f32(middle, [2], packed.memory, nil, &out)
        #expect(
            out == [Float](repeating: 7, count: 16) + .init(repeating: 2, count: 16) + .init(repeating: 7, count: 8)
        )
    }

    static func exactProduct(_ x: [Double], _ weight: [Double], _ bias: [Double], rows: Int, inputs: Int) -> [Double] {
        (0..<rows).flatMap { row in
            bias.indices.map { output in
                (0..<inputs).reduce(bias[output]) { $0 + x[row * inputs + $1] * weight[output * inputs + $1] }
            }
        }
    }

    static func chunkedSum(_ x: [Float], _ weight: [Float], fused: Bool) -> Float {
        stride(from: 0, to: x.count, by: 256).reduce(into: Float(0)) { sum, start in
            var chain: Float = 0
            for k in start..<min(start + 256, x.count) {
                chain = fused ? chain.addingProduct(x[k], weight[k]) : chain + x[k] * weight[k]
            }
            sum += chain
        }
    }

    static func bfloat16(_ number: Double) -> UInt16 {
        UInt16(Float(number).bitPattern >> 16)
    }
}
