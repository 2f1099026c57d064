/// A floating-point type that has a shortest literal.
protocol JSONLiteral: BinaryFloatingPoint {
    /// Writes the shortest JSON number that reads back as this value, which is finite; returns where it ends.
    func writeLiteral(at text: TextPointer) -> TextPointer
}

extension Double: JSONLiteral {
    @inline(__always) func writeLiteral(at text: TextPointer) -> TextPointer {
        // The standard library's description is shortest, and a JSON number of at most 24 bytes.
        var description = description
        return description.withUTF8 { utf8 in
            let count = min(utf8.count, TextPointer.room)
            if let base = utf8.baseAddress { text.update(from: base, count: count) }
            return text + count
        }
    }
}

extension Float: JSONLiteral {
    /// As Python writes it: `0.0001` and `1000000.0`, but `1e-05` and `1e+16`.
    @inline(__always) func writeLiteral(at text: TextPointer) -> TextPointer {
        let start = sign == .minus ? text.write(UInt8(ascii: "-")) : text
        return start.write(ShortestDecimal(magnitude))
    }
}

extension JSONLiteral {
    /// Writes the value, or what `nonFinite` says stands for it; returns where that ends.
    @inline(__always) func write(at text: TextPointer, nonFinite: NonFinitePolicy) -> TextPointer {
        isFinite ? writeLiteral(at: text) : writeNonFinite(at: text, policy: nonFinite)
    }

    @inline(never) private func writeNonFinite(at text: TextPointer, policy: NonFinitePolicy) -> TextPointer {
        let token: StaticString = isNaN ? "NaN" : self < 0 ? "-Infinity" : "Infinity"
        switch policy {
        case .null: return text.write("null")
        case .tokens: return text.write(token)
        case .strings, .refuse: return text.write("\"").write(token).write("\"")
        }
    }
}

extension TextPointer {
    /// Writes a decimal, at most nine digits, where the point stands best.
    @inline(__always) fileprivate func write(_ decimal: ShortestDecimal) -> TextPointer {
        let (high, low) = UInt64(decimal.digits).quotientAndRemainder(dividingBy: 100_000_000)
        let all = UInt128(EightDigits.split(low)) << 8 | UInt128(high)
        let leadingZeros = min(all.trailingZeroBitCount / 8, 8)
        let digits = all &>> UInt128(leadingZeros * 8)
        let count = max(16 - digits.leadingZeroBitCount / 8, 1)
        // The point stands behind so many digits; sixteen of them can be written, zeros behind the last.
        let point = 9 - leadingZeros + decimal.exponent
        let ascii = digits | UInt128(EightDigits.zeros) << 64 | UInt128(EightDigits.zeros)
        switch point {
        case 1...16: return write(ascii, count: count, point: point)
        case -3...0: return write("0.000").advanced(by: -3 - point).write(ascii, count: count)
        default: return write(ascii, count: count, exponent: point - 1)
        }
    }

    @inline(__always) private func write(_ ascii: UInt128, count: Int) -> TextPointer {
        store(ascii)
        return self + count
    }

    /// Writes `12.5`.
    @inline(__always) private func write(_ ascii: UInt128, count: Int, point: Int) -> TextPointer {
        store(ascii)
        let zero = UInt128(UInt8(ascii: "0"))
        let fraction = point < count ? ascii &>> UInt128(point * 8) : zero
        return (self + point).write(UInt8(ascii: ".")).write(fraction, count: Swift.max(count - point, 1))
    }

    /// Writes `1.25e-07`; the exponent has two digits, as floats need no more.
    private func write(_ ascii: UInt128, count: Int, exponent: Int) -> TextPointer {
        store(ascii)
        var end = self + 1
        if count > 1 { end = end.write(UInt8(ascii: ".")).write(ascii >> 8, count: count - 1) }
        let (tens, ones) = exponent.magnitude.quotientAndRemainder(dividingBy: 10)
        return end.write(exponent < 0 ? "e-" : "e+")
            .write(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: tens))
            .write(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: ones))
    }
}

extension [UInt8] {
    /// Appends what `write` writes, one number.
    @inline(__always) mutating func appendText(_ write: (TextPointer) -> TextPointer) {
        append(addingCapacity: TextPointer.room) { output in
            output.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                count = write(base + count) - base
            }
        }
    }
}
