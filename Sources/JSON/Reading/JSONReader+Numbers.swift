extension JSONReader {
    /// Reads the number that starts at the next byte.
    mutating func readNumberToken() throws(JSONError) -> JSONNumber {
        let start = offset
        guard try scanNumber() else {
            guard let value = double(in: start..<offset) else { throw outOfRange(from: start) }
            return .double(value)
        }
        return integer(in: start..<offset)
    }

    /// Passes the number that starts at the next byte; returns whether it is an integer literal (RFC 8259, section 6).
    mutating func scanNumber() throws(JSONError) -> Bool {
        if nextByte == UInt8(ascii: "-") { offset += 1 }
        if nextByte == UInt8(ascii: "0") {
            offset += 1
            if let byte = nextByte, Self.isDigit(byte) { throw unexpected("no digit after a leading zero") }
        } else {
            try scanDigits()
        }
        var isInteger = true
        if nextByte == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try scanDigits()
        }
        if nextByte == UInt8(ascii: "e") || nextByte == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if nextByte == UInt8(ascii: "+") || nextByte == UInt8(ascii: "-") { offset += 1 }
            try scanDigits()
        }
        return isInteger
    }

    private mutating func scanDigits() throws(JSONError) {
        let start = offset
        while let byte = nextByte, Self.isDigit(byte) { offset += 1 }
        guard offset > start else { throw unexpected("a digit") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private func integer(in range: Range<Int>) -> JSONNumber {
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        var magnitude: UInt64 = 0
        for index in (isNegative ? range.lowerBound + 1 : range.lowerBound)..<range.upperBound {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[index] - UInt8(ascii: "0")))
            guard !overflow, !carry else { return .bigInteger(String(decoding: bytes[range], as: UTF8.self)) }
            magnitude = sum
        }
        if let value = Int64(exactly: magnitude) { return .int(isNegative ? -value : value) }
        guard isNegative else { return .uint(magnitude) }
        guard magnitude == Int64.min.magnitude else {
            return .bigInteger(String(decoding: bytes[range], as: UTF8.self))
        }
        return .int(.min)
    }

    /// Returns the nearest double, or `nil` if it is infinite.
    private func double(in range: Range<Int>) -> Double? {
        let value = bytes.withUnsafeBufferPointer { buffer -> Double? in
            guard let base = buffer.baseAddress else { return nil }
            var cursor = DecimalCursor(base + range.lowerBound, end: base + range.upperBound)
            return Double(scanning: &cursor)
        }
        guard let value, value.isFinite else { return nil }
        return value
    }
}
