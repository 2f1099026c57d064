import Tensors
import Testing

/// Zeros keep the sign that PyTorch leaves them.
struct SignedZeroTests {
    typealias Function = @Sendable (Tensor) throws(TensorError) -> Tensor

    private static let floats: [DType] = [.float32, .float64, .float16, .bfloat16]

    static let odd: [(name: String, function: Function)] = [
        ("tanh", { x throws(TensorError) in try x.tanh() }), ("silu", { x throws(TensorError) in try x.silu() }),
        ("gelu", { x throws(TensorError) in try x.gelu() }),
        ("gelu tanh", { x throws(TensorError) in try x.gelu(approximate: .tanh) }),
        ("relu", { x throws(TensorError) in try x.relu() }),
        ("leaky_relu", { x throws(TensorError) in try x.leakyReLU() }),
        ("hardtanh", { x throws(TensorError) in try x.hardtanh() }), ("elu", { x throws(TensorError) in try x.elu() }),
        ("elu -1", { x throws(TensorError) in try x.elu(alpha: -1) }),
        ("elu -0.5", { x throws(TensorError) in try x.elu(alpha: -0.5) }),
        ("elu 0", { x throws(TensorError) in try x.elu(alpha: 0) }),
        ("elu inf", { x throws(TensorError) in try x.elu(alpha: .infinity) }),
        ("elu nan", { x throws(TensorError) in try x.elu(alpha: .nan) }),
        ("celu", { x throws(TensorError) in try x.celu() }),
        ("celu -1", { x throws(TensorError) in try x.celu(alpha: -1) }),
        ("celu inf", { x throws(TensorError) in try x.celu(alpha: .infinity) }),
        ("celu -inf", { x throws(TensorError) in try x.celu(alpha: -.infinity) }),
        ("celu nan", { x throws(TensorError) in try x.celu(alpha: .nan) }),
        ("celu tiny", { x throws(TensorError) in try x.celu(alpha: .leastNonzeroMagnitude) }),
        ("selu", { x throws(TensorError) in try x.selu() }), ("mish", { x throws(TensorError) in try x.mish() }),
        ("hardswish", { x throws(TensorError) in try x.hardswish() }),
        ("softsign", { x throws(TensorError) in try x.softsign() }), ("sin", { x throws(TensorError) in try x.sin() }),
        ("tan", { x throws(TensorError) in try x.tan() }), ("asin", { x throws(TensorError) in try x.asin() }),
        ("atan", { x throws(TensorError) in try x.atan() }), ("sinh", { x throws(TensorError) in try x.sinh() }),
        ("erf", { x throws(TensorError) in try x.erf() }), ("expm1", { x throws(TensorError) in try x.expm1() }),
        ("log1p", { x throws(TensorError) in try x.log1p() }), ("sqrt", { x throws(TensorError) in try x.sqrt() }),
    ]

    @Test(arguments: odd.indices) func areKept(index: Int) throws {
        let (name, function) = Self.odd[index]
        for dtype in Self.floats {
            for count in [1, 2, 7, 40] {
                let zeros = try Tensor((0..<count).map { $0.isMultiple(of: 2) ? -0.0 : 0.0 }).converted(to: dtype)
                let signs = try function(zeros).scalars(as: Double.self).map(\.sign)
                #expect(signs == zeros.scalars(as: Double.self).map(\.sign), "\(name) \(dtype) \(count)")
            }
        }
    }

    @Test func areWrittenWithTheirSign() throws {
        #expect(try Tensor([-0.0] as [Float]).tanh().description == "tensor([-0.])")
    }

    @Test func areFlippedByANegativeSlope() throws {
        let signs = try Tensor([-0.0, 0.0]).leakyReLU(negativeSlope: -0.5).scalars(as: Double.self).map(\.sign)
        #expect(signs == [.plus, .minus])
    }

    @Test(arguments: [(-1, 0.6321205588285577), (-0.5, 0.31606027941427883), (2, -1.2642411176571153)])
    func eluTakesAnyAlphaBelowZero(alpha: Double, expected: Double) throws {
        let values = try Tensor([-1.0, .nan]).elu(alpha: alpha).scalars(as: Double.self)
        #expect(abs(values[0] - expected) < 1e-15)
        #expect(values[1].isNaN)
    }

    /// Numbers of PyTorch 2.13 at -1 and -infinity; with an infinite or no alpha all below zero is NaN.
    @Test(
        arguments: [
            (-1, -1.718281828459045, -.infinity), (2, -0.7869386805747332, -2), (.infinity, .nan, .nan),
        ] as [(Double, Double, Double)]
    )
    func celuIsEluOfItsInverse(alpha: Double, atMinusOne: Double, atMinusInfinity: Double) throws {
        let values = try Tensor([-1.0, -.infinity, .infinity, .nan]).celu(alpha: alpha).scalars(as: Double.self)
        for (value, expected) in zip(values, [atMinusOne, atMinusInfinity, .infinity, .nan]) {
            #expect(value == expected || value.isNaN && expected.isNaN || abs(value - expected) < 1e-15, "\(values)")
        }
    }

    @Test func tinyNumbersKeepTheirSign() throws {
        let tiny: [Float] = [-1e-30, 1e-30, -.leastNonzeroMagnitude, .leastNonzeroMagnitude, -0.6, -0.7]
        #expect(try Tensor(tiny).tanh().scalars(as: Float.self).map(\.sign) == tiny.map(\.sign))
    }
}
