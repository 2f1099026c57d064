/// A floating-point type that has a shortest literal.
protocol JSONLiteral: BinaryFloatingPoint {
    /// Writes the shortest JSON number that reads back as this value, which is finite; returns where it ends.
    func writeLiteral(at text: TextPointer) -> TextPointer
}

extension Double: JSONLiteral {
    /// As Python writes it: `0.0001` and `1000000.0`, but `1e-05` and `1e+16`.
    @inline(__always) func writeLiteral(at text: TextPointer) -> TextPointer {
        let start = sign == .minus ? text.write(UInt8(ascii: "-")) : text
        guard let decimal = ShortestDecimal(magnitude) else { return magnitude.writeDescription(at: start) }
        return start.write(wide: decimal)
    }

    /// Writes a very small or very large number: the standard library's description is a JSON number, and as short.
    @inline(never) private func writeDescription(at text: TextPointer) -> TextPointer {
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

extension [UInt8] {
    /// Appends what `write` writes: one number, or what takes no more than `room` bytes.
    @inline(__always) mutating func appendText(
        upTo room: Int = TextPointer.room,
        _ write: (TextPointer) -> TextPointer
    ) {
        append(addingCapacity: room) { output in
            output.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                count = write(base + count) - base
            }
        }
    }
}
