/// A 16-bit number with the exponent of a `Float` and 8 bits of precision.
public struct BFloat16: Sendable, Hashable {
    /// The upper half of the bits of the `Float` that this number equals.
    public let bitPattern: UInt16

    /// Creates the number with these bits.
    public init(bitPattern: UInt16) {
        self.bitPattern = bitPattern
    }

    /// Creates the number nearest to `value`, ties to even; every NaN becomes the quiet one.
    public init(_ value: Float) {
        guard !value.isNaN else {
            bitPattern = 0x7FC0
            return
        }
        let bits = value.bitPattern
        bitPattern = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}

extension Float {
    /// Creates the number that `value` stands for, exactly.
    public init(_ value: BFloat16) {
        self.init(bitPattern: UInt32(value.bitPattern) << 16)
    }
}
