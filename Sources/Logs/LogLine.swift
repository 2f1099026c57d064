import JSON
import Logging

/// One line on its way into a buffer: a head, then members under our keys, whatever a client put into their values.
package struct LogLine: ~Copyable {
    private let format: LogFormat
    /// The buffer of a line in text.
    private var text: [UInt8] = []
    /// The buffer of a line in JSON.
    private var json: JSONWriter

    /// Starts a line at the end of `bytes`.
    init(
        _ format: LogFormat,
        after bytes: consuming [UInt8],
        time: String,
        level: Logger.Level,
        label: String,
        message: String
    ) {
        self.format = format
        switch format {
        case .text:
            json = JSONWriter(capacity: 0)
            text = bytes
            text.append(octetsOf: time)
            text.append(UInt8(ascii: " "))
            text.append(octetsOf: level.rawValue)
            text.append(UInt8(ascii: " "))
            text.append(octetsOf: label)
            text.append(octetsOf: ": ")
            text.append(escaping: message, escapesQuotes: false)
        case .json:
            json = JSONWriter(after: bytes)
            json.beginObject()
            add("time", time)
            add("level", level.rawValue)
            add("label", label)
            add("message", message)
        }
    }

    /// Adds a member whose key is a word.
    package mutating func add(_ key: StaticString, _ value: String) {
        switch format {
        case .text:
            text.append(key: key)
            text.append(value: value)
        case .json:
            json.key(plain: key)
            json.write(value)
        }
    }

    /// Adds a member that is a number.
    package mutating func add(_ key: StaticString, _ number: Int) { add(key, String(number)) }

    /// Adds a member whose key comes from elsewhere; in JSON none that the head has.
    mutating func add(key: String, _ value: String) {
        switch format {
        case .text:
            text.append(UInt8(ascii: " "))
            text.append(escaping: key, escapesQuotes: false)
            text.append(UInt8(ascii: "="))
            text.append(value: value)
        case .json:
            guard !["time", "level", "label", "message"].contains(key) else { return }
            json.key(key)
            json.write(value)
        }
    }

    /// Ends the line and returns the buffer.
    consuming func finish() -> [UInt8] {
        switch format {
        case .text:
            text.append(UInt8(ascii: "\n"))
            return text
        case .json:
            json.endObject()
            var bytes = json.finish()
            bytes.append(UInt8(ascii: "\n"))
            return bytes
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(octetsOf text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    fileprivate mutating func append(key: StaticString) {
        append(UInt8(ascii: " "))
        append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        append(UInt8(ascii: "="))
    }

    /// Appends a value, in quotes if it could be taken for more than one word.
    fileprivate mutating func append(value: String) {
        var value = value
        let isWord = value.withUTF8 { octets in
            for octet in octets where !Self.isPartOfAWord(octet) { return false }
            append(contentsOf: octets)
            return !octets.isEmpty
        }
        guard !isWord else { return }
        append(UInt8(ascii: "\""))
        append(escaping: value, escapesQuotes: true)
        append(UInt8(ascii: "\""))
    }

    private static func isPartOfAWord(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): false
        default: octet > 0x20 && octet < 0x7F
        }
    }

    /// Appends text without anything that ends a line or steers a terminal.
    fileprivate mutating func append(escaping text: String, escapesQuotes: Bool) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\",
                "\"" where escapesQuotes:
                append(contentsOf: "\\\(scalar)".utf8)
            case " "..."~": append(UInt8(truncatingIfNeeded: scalar.value))
            case "\n": append(contentsOf: "\\n".utf8)
            case "\r": append(contentsOf: "\\r".utf8)
            case "\t": append(contentsOf: "\\t".utf8)
            case _ where Self.isControl(scalar): append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
            default: append(contentsOf: "\(scalar)".utf8)
            }
        }
    }

    /// Returns whether a scalar is a control, a line or paragraph separator, or turns the direction of text.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
