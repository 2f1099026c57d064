/// Writes one JSON text, compact, into memory; the commas and colons are its own business.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.beginObject()
/// writer.member("name", "fc")
/// writer.endObject()
/// return writer.finish()
/// ```
/// Names are written as given, so it is for the caller to write each once.
package struct JSONWriter: Sendable {
    /// What has been written so far.
    package internal(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// Creates a writer with room for `capacity` bytes before it grows.
    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// Returns the text.
    package consuming func finish() -> [UInt8] { bytes }

    /// Opens an object.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    /// Closes the object opened last.
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    /// Opens an array.
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    /// Closes the array opened last.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a member's name; its value comes next.
    package mutating func key(_ name: String) {
        beginValue()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member's name that is part of the program and needs no escapes; its value comes next.
    package mutating func key(plain name: StaticString) {
        bytes.appendText(upTo: name.utf8CodeUnitCount + 4) {
            (needsComma ? $0.write(",\"") : $0.write("\"")).write(name).write("\":")
        }
        needsComma = false
    }

    /// Writes null.
    package mutating func writeNull() { appendValue("null") }
    /// Writes a boolean.
    package mutating func write(_ value: Bool) { appendValue(value ? "true" : "false") }

    /// Writes an integer.
    package mutating func write(_ value: some FixedWidthInteger) {
        beginValue()
        bytes.appendText { $0.write(decimal: value) }
    }

    /// Writes the shortest literal that reads back as `value`; NaN and infinities as `"NaN"`, `"Infinity"`, `"-Infinity"`.
    package mutating func write(_ value: Double) {
        beginValue()
        bytes.appendText { value.write(at: $0, nonFinite: .strings) }
    }

    /// Writes the shortest literal that reads back as `value`; NaN and infinities as `"NaN"`, `"Infinity"`, `"-Infinity"`.
    package mutating func write(_ value: Float) {
        beginValue()
        bytes.appendText { value.write(at: $0, nonFinite: .strings) }
    }

    /// Writes a string.
    package mutating func write(_ value: String) {
        beginValue()
        appendQuoted(value)
    }

    /// Writes a value that is JSON text already.
    package mutating func writeRaw(_ json: [UInt8]) {
        beginValue()
        bytes.append(contentsOf: json)
    }

    /// Writes the comma that is due before a value.
    mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ bracket: UInt8) {
        beginValue()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func appendValue(_ text: StaticString) {
        beginValue()
        bytes.append(text)
    }
}

extension JSONWriter {
    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let isPlain = text.withUTF8 { octets in
            for octet in octets where octet < 0x20 || octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") {
                return false
            }
            bytes.append(contentsOf: octets)
            return true
        }
        if !isPlain { appendEscaped(text) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x0A: bytes.append("\\n")
            case 0x0D: bytes.append("\\r")
            case 0x09: bytes.append("\\t")
            case 0x08: bytes.append("\\b")
            case 0x0C: bytes.append("\\f")
            case 0..<0x20: appendUnicodeEscape(byte)
            default: bytes.append(byte)
            }
        }
    }

    private mutating func appendUnicodeEscape(_ byte: UInt8) {
        let digits: StaticString = "0123456789abcdef"
        bytes.append("\\u00")
        bytes.append(digits.utf8Start[Int(byte >> 4)])
        bytes.append(digits.utf8Start[Int(byte & 0xF)])
    }
}

extension [UInt8] {
    mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
