#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The functions of the C library that tensors apply element by element, beyond those of activations.
protocol ElementaryFunctions {
    var sine: Self { get }
    var cosine: Self { get }
    var tangent: Self { get }
    var arcSine: Self { get }
    var arcCosine: Self { get }
    var arcTangent: Self { get }
    var hyperbolicSine: Self { get }
    var hyperbolicCosine: Self { get }
    var binaryLogarithm: Self { get }
    var decimalLogarithm: Self { get }
    /// The angle of the point whose height is this number.
    func angle(at x: Self) -> Self
    func power(_ exponent: Self) -> Self
}

extension Float: ElementaryFunctions {
    var sine: Float { sinf(self) }
    var cosine: Float { cosf(self) }
    var tangent: Float { tanf(self) }
    var arcSine: Float { asinf(self) }
    var arcCosine: Float { acosf(self) }
    var arcTangent: Float { atanf(self) }
    var hyperbolicSine: Float { sinhf(self) }
    var hyperbolicCosine: Float { coshf(self) }
    var binaryLogarithm: Float { log2f(self) }
    var decimalLogarithm: Float { log10f(self) }
    func angle(at x: Float) -> Float { atan2f(self, x) }
    func power(_ exponent: Float) -> Float { powf(self, exponent) }
}

extension Double: ElementaryFunctions {
    var sine: Double { sin(self) }
    var cosine: Double { cos(self) }
    var tangent: Double { tan(self) }
    var arcSine: Double { asin(self) }
    var arcCosine: Double { acos(self) }
    var arcTangent: Double { atan(self) }
    var hyperbolicSine: Double { sinh(self) }
    var hyperbolicCosine: Double { cosh(self) }
    var binaryLogarithm: Double { log2(self) }
    var decimalLogarithm: Double { log10(self) }
    func angle(at x: Double) -> Double { atan2(self, x) }
    func power(_ exponent: Double) -> Double { pow(self, exponent) }
}
