/// Text into octets without making a string.
extension Array where Element == UInt8 {
    /// Appends the octets of a literal.
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `number`, which is not negative, in decimal digits.
    mutating func append(decimal number: Int) {
        append(number, base: 10)
    }

    /// Appends `number`, which is not negative, in hexadecimal digits.
    mutating func append(hexadecimal number: Int) {
        append(number, base: 16)
    }

    private mutating func append(_ number: Int, base: Int) {
        var divisor = 1
        while number / divisor >= base { divisor *= base }
        while divisor > 0 {
            let digit = UInt8(truncatingIfNeeded: number / divisor % base)
            append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            divisor /= base
        }
    }

    /// Appends `number` below 100 in two decimal digits.
    mutating func append(twoDigits number: Int) {
        append(0x30 + UInt8(truncatingIfNeeded: number / 10 % 10))
        append(0x30 + UInt8(truncatingIfNeeded: number % 10))
    }
}
