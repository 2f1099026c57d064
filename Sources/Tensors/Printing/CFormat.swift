#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The forms in which PyTorch prints a number: C's, which round the exact value.
enum CFormat: String {
    /// A whole number.
    case whole = "%.0f"
    /// Four decimals.
    case fixed = "%.4f"
    /// Four decimals and an exponent.
    case scientific = "%.4e"

    /// Returns `value` in this form.
    func text(_ value: Double) -> String {
        // The longest double takes 309 digits, a point, four decimals and a sign.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 330) { buffer in
            let length = withVaList([value]) { vsnprintf(buffer.baseAddress, buffer.count, rawValue, $0) }
            return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
