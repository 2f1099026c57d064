import CKernels
import Testing

/// The promise that a row has the same bits whatever batch and however many threads it was computed in.
struct BatchInvarianceTests {
    // The last ones are beyond the second cache, so that the kernels fetch ahead.
    static let shapes = [
        (1, 1), (3, 4), (10, 784), (16, 256), (31, 257), (64, 64), (65, 300), (100, 33), (144, 513), (530, 1031),
    ]

    #if DEBUG
    static let batches = Array(1...14) + [31, 300]  // unoptimised kernels are a hundred times slower
    #else
    static let batches = Array(1...300)
    #endif

    @Test(arguments: Kernels.available, shapes)
    func rowsKeepTheirBits(kernels: Kernels, shape: (outputs: Int, inputs: Int)) {
        let layer = Layer(outputs: shape.outputs, inputs: shape.inputs, rows: 300)
        for storage in Layer.storages {
            let alone = layer.rowsAlone(kernels, storage)
            for batch in Self.batches {
                let rows = layer.rows(kernels, storage, batch: batch, shares: 1 + batch % 3)
                #expect(rows == Array(alone.prefix(rows.count)), "\(storage), \(batch)")
            }
        }
    }

    // Every number of panels that a block could leave over, and every remainder of lanes, chunks and pairs of inputs.
    static let outputs = [
        1, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 65, 80, 96, 111, 112, 113, 127, 129, 145, 160, 191, 209,
    ]
    static let inputs = [1, 2, 3, 255, 256, 257, 511, 512, 513]

    #if DEBUG
    static let smallBatches = [1, 2, 5, 9]
    #else
    static let smallBatches = Array(1...27)
    #endif

    @Test(arguments: Kernels.available, inputs)
    func rowsKeepTheirBitsWithEveryRemainder(kernels: Kernels, inputs: Int) {
        for outputs in Self.outputs {
            let layer = Layer(outputs: outputs, inputs: inputs, rows: 27)
            for storage in Layer.storages {
                let alone = layer.rowsAlone(kernels, storage)
                for batch in Self.smallBatches {
                    let rows = layer.rows(kernels, storage, batch: batch, shares: 1 + batch % 4)
                    #expect(rows == Array(alone.prefix(rows.count)), "\(storage), \(batch), \(outputs)")
                }
            }
        }
    }
}

/// A layer with its weight in every storage.
private struct Layer {
    static let storages = [CALLPATH_F32, CALLPATH_F64, CALLPATH_BF16, CALLPATH_F16]

    private let inputs: Int
    private let rowCount: Int
    private let bias: [Double]
    private let x: [Double]
    private let weights: [PackedMatrix]

    init(outputs: Int, inputs: Int, rows: Int) {
        var noise = Noise(seed: UInt64(outputs << 16 + inputs))
        self.inputs = inputs
        rowCount = rows
        bias = noise.reals(outputs)
        x = noise.reals(rows * inputs)
        let weight: [Double] = noise.reals(outputs * inputs)
        weights = [
            PackedMatrix(weight.map(Float.init), CALLPATH_F32, outputs: outputs, inputs: inputs),
            PackedMatrix(weight, CALLPATH_F64, outputs: outputs, inputs: inputs),
            PackedMatrix(weight.map(LinearTests.bfloat16), CALLPATH_BF16, outputs: outputs, inputs: inputs),
            PackedMatrix(weight.map(Float16.init), CALLPATH_F16, outputs: outputs, inputs: inputs),
        ]
    }

    /// Returns the bits of the first `batch` rows computed together, in so many shares.
    func rows(_ kernels: Kernels, _ storage: callpath_storage, batch: Int, shares: Int) -> [UInt64] {
        product(kernels, storage, x[..<(batch * inputs)], rows: batch, shares: shares)
    }

    /// Returns the bits of all rows, each computed by itself.
    func rowsAlone(_ kernels: Kernels, _ storage: callpath_storage) -> [UInt64] {
        (0..<rowCount).flatMap { row in
            product(kernels, storage, x[(row * inputs)..<((row + 1) * inputs)], rows: 1, shares: 1)
        }
    }

    private func product(
        _ kernels: Kernels,
        _ storage: callpath_storage,
        _ x: ArraySlice<Double>,
        rows: Int,
        shares: Int
    ) -> [UInt64] {
        let weight = weights[Int(storage.rawValue)]
        guard storage == CALLPATH_F64 else {
            let floats = x.map(Float.init), bias = bias.map(Float.init)
            return kernels.linear(floats, weight, bias: bias, rows: rows, shares: shares).map { UInt64($0.bitPattern) }
        }
        return kernels.linearDouble(Array(x), weight, bias: bias, rows: rows, shares: shares).map(\.bitPattern)
    }
}
