import Tensors

/// A type that the format knows: one that tensors have here, one that they are decoded from, or one that stays as it is.
enum StoredType: Equatable {
    case plain(DType)
    case float8(Float8)
    /// A type of which no tensor can be made here, and the bits of one element.
    case foreign(String, bitCount: Int)

    /// Creates the type that the format calls `name`.
    init?(name: String) {
        if let dtype = DType(safetensorsName: name) {
            self = .plain(dtype)
        } else if let float8 = Float8(rawValue: name) {
            self = .float8(float8)
        } else if let bitCount = Self.foreignBits[name] {
            self = .foreign(name, bitCount: bitCount)
        } else {
            return nil
        }
    }

    private static let foreignBits = [
        "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64,
    ]

    /// Returns the bytes that `count` elements take; `nil` if they are beyond `Int` or do not end with a byte.
    func byteCount(of count: Int) -> Int? {
        switch self {
        case .plain(let dtype):
            let (size, overflow) = count.multipliedReportingOverflow(by: dtype.itemSize)
            return overflow ? nil : size
        case .float8: return count
        case .foreign(_, let bitCount):
            let (bits, overflow) = count.multipliedReportingOverflow(by: bitCount)
            return overflow || !bits.isMultiple(of: 8) ? nil : bits / 8
        }
    }
}

/// Numbers of one byte, each of which float32 holds exactly.
enum Float8: String {
    /// Four bits of exponent and three of mantissa; no infinity, one NaN of either sign.
    case e4m3 = "F8_E4M3"
    /// Five bits of exponent and two of mantissa: the upper byte of a float16.
    case e5m2 = "F8_E5M2"

    /// Returns the number that `byte` stands for.
    func value(of byte: UInt8) -> Float {
        switch self {
        case .e5m2: Float(Float16(bitPattern: UInt16(byte) << 8))
        case .e4m3: Self.e4m3Value(of: byte)
        }
    }

    private static func e4m3Value(of byte: UInt8) -> Float {
        let (exponent, mantissa) = (Int(byte >> 3 & 0xF), Float(byte & 7))
        let magnitude: Float =
            switch (exponent, mantissa) {
            case (15, 7): .nan
            case (0, _): Float(sign: .plus, exponent: -9, significand: mantissa)
            default: Float(sign: .plus, exponent: exponent - 10, significand: 8 + mantissa)
            }
        return byte & 0x80 == 0 ? magnitude : -magnitude
    }

    /// Returns the numbers as float32, which is what PyTorch copies them to without loss.
    func tensor(_ bytes: UnsafeRawBufferPointer, shape: Shape) throws(TensorError) -> Tensor {
        try Tensor(bytes.map(value), shape: shape)
    }
}
