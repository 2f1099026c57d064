internal import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A type that floating-point operations compute in: `Float`, also for the halves, or `Double`.
protocol Real: Scalar, BinaryFloatingPoint, ElementaryFunctions {
    var exponential: Self { get }
    /// e to the power of the number, minus one, exact near zero.
    var exponentialMinusOne: Self { get }
    var logarithm: Self { get }
    /// The logarithm of one plus the number, exact near zero.
    var logarithmOfOnePlus: Self { get }
    var hyperbolicTangent: Self { get }
    var errorFunction: Self { get }
    /// Writes the product of `rows` rows at `input` with `packed`, plus `bias`, to `output`.
    static func multiply(
        _ input: UnsafePointer<Self>,
        by packed: PackedWeight,
        rows: Int,
        bias: UnsafePointer<Self>?,
        into output: UnsafeMutablePointer<Self>
    )
    /// The numbers that lie side by side in a panel.
    static var panelWidth: Int { get }
    /// Writes the product of the rows at `input` with `panels`, laid out as a packed weight with room for one panel's width
    /// behind it, to `output`; the caller's thread computes it alone.
    static func multiply(
        _ input: UnsafePointer<Self>,
        panels: UnsafePointer<Self>,
        _ form: PanelForm,
        into output: UnsafeMutablePointer<Self>
    )
}

extension Float: Real {
    var exponential: Float { expf(self) }
    var exponentialMinusOne: Float { expm1f(self) }
    var logarithm: Float { logf(self) }
    var logarithmOfOnePlus: Float { log1pf(self) }

    /// A polynomial near zero and a ratio of exponentials elsewhere, within two units in the last place and four times
    /// as fast as the C library's (Cephes' coefficients).
    var hyperbolicTangent: Float {
        guard magnitude >= 0.625 else {
            let square = self * self
            var sum: Float = -5.704_988_727_45e-3
            sum = sum * square + 2.063_908_879_54e-2
            sum = sum * square - 5.373_971_555_31e-2
            sum = sum * square + 1.333_144_220_36e-1
            sum = sum * square - 3.333_328_194_22e-1
            // Near zero the sum is +0 for -0; the result has the sign of the number always.
            return Float(signOf: self, magnitudeOf: sum * square * self + self)
        }
        let tangent = 1 - 2 / (expf(2 * magnitude) + 1)
        return self < 0 ? -tangent : tangent
    }

    var errorFunction: Float { erff(self) }

    static func multiply(
        _ input: UnsafePointer<Float>,
        by packed: PackedWeight,
        rows: Int,
        bias: UnsafePointer<Float>?,
        into output: UnsafeMutablePointer<Float>
    ) {
        packed.multiply(input, rows: rows, bias: bias, into: output)
    }

    static var panelWidth: Int { 16 }

    static func multiply(
        _ input: UnsafePointer<Float>,
        panels: UnsafePointer<Float>,
        _ form: PanelForm,
        into output: UnsafeMutablePointer<Float>
    ) {
        KernelSet.current.table.pointee.linear_f32(form.product(width: panelWidth), input, panels, nil, output)
    }
}

extension Double: Real {
    var exponential: Double { exp(self) }
    var exponentialMinusOne: Double { expm1(self) }
    var logarithm: Double { log(self) }
    var logarithmOfOnePlus: Double { log1p(self) }
    var hyperbolicTangent: Double { tanh(self) }
    var errorFunction: Double { erf(self) }

    static func multiply(
        _ input: UnsafePointer<Double>,
        by packed: PackedWeight,
        rows: Int,
        bias: UnsafePointer<Double>?,
        into output: UnsafeMutablePointer<Double>
    ) {
        packed.multiply(input, rows: rows, bias: bias, into: output)
    }

    static var panelWidth: Int { 8 }

    static func multiply(
        _ input: UnsafePointer<Double>,
        panels: UnsafePointer<Double>,
        _ form: PanelForm,
        into output: UnsafeMutablePointer<Double>
    ) {
        KernelSet.current.table.pointee.linear_f64(form.product(width: panelWidth), input, panels, nil, output)
    }
}

extension Double {
    /// The number to the power of `exponent`.
    func raised(to exponent: Double) -> Double { pow(self, exponent) }
}

extension Real {
    var sigmoid: Self { 1 / (1 + (-self).exponential) }
}

/// A piece of floating-point work that is written once and compiled for `Float` and `Double`.
protocol RealVisitor {
    associatedtype Result
    func visit<R: Real>(_ type: R.Type) throws(TensorError) -> Result
}

extension DType {
    /// Calls `visitor` with the type to compute in.
    /// - Parameter kernel: What PyTorch calls the operation when it refuses other dtypes.
    @inline(__always)
    func acceptReal<Visitor: RealVisitor>(
        _ visitor: Visitor,
        kernel: String
    ) throws(TensorError) -> Visitor.Result {
        switch self {
        case .float32: try visitor.visit(Float.self)
        case .float64: try visitor.visit(Double.self)
        default: throw .notImplemented(kernel: kernel, self)
        }
    }

    /// The dtype that operations on this one compute in.
    var computing: DType { isHalf ? .float32 : self }
}
