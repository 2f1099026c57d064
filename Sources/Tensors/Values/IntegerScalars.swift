/// An integer that a tensor holds: conversions truncate toward zero, then keep the lowest bits.
///
/// C leaves out-of-range conversions open; here they give what PyTorch gives on x86-64: the smallest number of the
/// register, which is 64 bits wide for the 64-bit types and `UInt32`, else 32; NaN too.
public protocol IntegerScalar: Scalar, FixedWidthInteger {}

extension IntegerScalar {
    /// Creates the integer part of `value`.
    public init(converting value: Float) { self.init(converting: Double(value)) }
    /// Creates the integer part of `value`.
    public init(converting value: Double) {
        let whole = value.rounded(.towardZero)
        if Self.bitWidth < 32 || Self.self == Int32.self {
            self.init(truncatingIfNeeded: Int32(exactly: whole) ?? .min)
        } else {
            self.init(truncatingIfNeeded: Int64(exactly: whole) ?? .min)
        }
    }
    /// Creates the integer of the lowest bits of `value`.
    public init(converting value: Int64) { self.init(truncatingIfNeeded: value) }
    /// Creates the integer of the lowest bits of `value`.
    public init(converting value: UInt64) { self.init(truncatingIfNeeded: value) }
}

extension Int64: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .int64 }
    /// The same number.
    public var carrier: Int64 { self }
}

extension Int32: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .int32 }
    /// The same number.
    public var carrier: Int64 { Int64(self) }
}

extension Int16: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .int16 }
    /// The same number.
    public var carrier: Int64 { Int64(self) }
}

extension Int8: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .int8 }
    /// The same number.
    public var carrier: Int64 { Int64(self) }
}

extension UInt8: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .uint8 }
    /// The same number.
    public var carrier: Int64 { Int64(self) }
}

extension UInt16: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .uint16 }
    /// The same number.
    public var carrier: Int64 { Int64(self) }
}

extension UInt32: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .uint32 }
    /// The same number.
    public var carrier: Int64 { Int64(self) }
}

extension UInt64: IntegerScalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .uint64 }
    /// The number itself.
    public var carrier: UInt64 { self }
    /// Creates the integer part of `value`; beyond `Int64` too.
    public init(converting value: Double) {
        let whole = value.rounded(.towardZero)
        let signed = Int64(exactly: whole) ?? (whole > 0 ? 0 : .min)
        self = UInt64(exactly: whole) ?? UInt64(truncatingIfNeeded: signed)
    }
}

extension Bool: Scalar {
    /// The dtype of tensors of this type.
    public static var dtype: DType { .bool }
    /// 0 or 1.
    public var carrier: Int64 { self ? 1 : 0 }
    /// Creates `true` from anything but zero; NaN is `true`.
    public init(converting value: Float) { self = value != 0 }
    /// Creates `true` from anything but zero; NaN is `true`.
    public init(converting value: Double) { self = value != 0 }
    /// Creates `true` from anything but zero.
    public init(converting value: Int64) { self = value != 0 }
    /// Creates `true` from anything but zero.
    public init(converting value: UInt64) { self = value != 0 }
}
