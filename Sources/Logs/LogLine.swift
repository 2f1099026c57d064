import JSON
import Logging

/// One line on its way into a buffer: a head, then members under our keys, whatever a client put into their values.
package struct LogLine: ~Copyable {
    private let format: LogFormat
    /// The lines before, and as much of this one as there is.
    var buffer = LogBuffer()

    init(_ format: LogFormat) {
        self.format = format
    }

    /// Starts the line at a moment of `clock`, in nanoseconds since 1970.
    mutating func begin(
        at time: Int64,
        of clock: inout TimeOfDay,
        level: Logger.Level,
        label: String,
        message: String
    ) {
        switch format {
        case .text:
            clock.append(time, to: &buffer)
            buffer.append(UInt8(ascii: " "))
            buffer.append(level.rawValue)
            buffer.append(UInt8(ascii: " "))
            buffer.append(label)
            buffer.append(": ")
            buffer.append(escaping: message, escapesQuotes: false)
        case .json:
            buffer.append("{\"time\":\"")
            clock.append(time, to: &buffer)
            buffer.append("\"")
            add("level", level.rawValue)
            add("label", label)
            add("message", message)
        }
    }

    /// Adds a member whose key is a word.
    package mutating func add(_ key: StaticString, _ value: String) {
        append(key)
        append(value: value)
    }

    /// Adds a member that is a number.
    package mutating func add(_ key: StaticString, _ number: Int) {
        append(key)
        appendMark()
        buffer.append(decimal: number)
        appendMark()
    }

    /// Adds a member that is a number of thousandths, not negative.
    package mutating func add(_ key: StaticString, thousandths: Int) {
        append(key)
        appendMark()
        buffer.append(decimal: thousandths / 1000)
        buffer.append(UInt8(ascii: "."))
        buffer.append(decimal: thousandths % 1000, width: 3)
        appendMark()
    }

    /// Adds a member whose key comes from elsewhere; in JSON none that the head has.
    mutating func add(key: String, _ value: String) {
        switch format {
        case .text:
            buffer.append(UInt8(ascii: " "))
            buffer.append(escaping: key, escapesQuotes: false)
            buffer.append(UInt8(ascii: "="))
        case .json:
            guard !["time", "level", "label", "message"].contains(key) else { return }
            buffer.append(UInt8(ascii: ","))
            buffer.append(quoting: key)
            buffer.append(UInt8(ascii: ":"))
        }
        append(value: value)
    }

    /// Ends the line.
    mutating func end() {
        switch format {
        case .text: buffer.append(UInt8(ascii: "\n"))
        case .json: buffer.append("}\n")
        }
    }

    private mutating func append(_ key: StaticString) {
        switch format {
        case .text: buffer.append(key: key, after: (UInt8(ascii: " "), 0), before: (UInt8(ascii: "="), 0))
        case .json:
            let mark = UInt8(ascii: "\"")
            buffer.append(key: key, after: (UInt8(ascii: ","), mark), before: (mark, UInt8(ascii: ":")))
        }
    }

    /// Values are strings in JSON, numbers too.
    private mutating func appendMark() {
        if format == .json { buffer.append(UInt8(ascii: "\"")) }
    }

    private mutating func append(value: String) {
        switch format {
        case .text: buffer.append(value: value)
        case .json: buffer.append(quoting: value)
        }
    }
}

extension LogBuffer {
    /// Appends a value, in quotes if it could be taken for more than one word.
    fileprivate mutating func append(value: String) {
        var value = value
        let isWord = value.withUTF8 { bytes in
            guard bytes.isPlain(isWord: true) else { return false }
            append(bytes)
            return !bytes.isEmpty
        }
        guard !isWord else { return }
        append(UInt8(ascii: "\""))
        append(escaping: value, escapesQuotes: true)
        append(UInt8(ascii: "\""))
    }

    /// Appends a string of JSON.
    fileprivate mutating func append(quoting value: String) {
        var value = value
        let isPlain = value.withUTF8 { bytes in
            guard bytes.isPlain(isWord: false) else { return false }
            append(UInt8(ascii: "\""))
            append(bytes)
            append(UInt8(ascii: "\""))
            return true
        }
        guard !isPlain else { return }
        var writer = JSONWriter()
        writer.write(value)
        writer.finish().withUnsafeBufferPointer { append($0) }
    }

    /// Appends text without anything that ends a line or steers a terminal.
    fileprivate mutating func append(escaping text: String, escapesQuotes: Bool) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\",
                "\"" where escapesQuotes:
                append("\\\(scalar)")
            case " "..."~": append(UInt8(truncatingIfNeeded: scalar.value))
            case "\n": append("\\n" as StaticString)
            case "\r": append("\\r" as StaticString)
            case "\t": append("\\t" as StaticString)
            case _ where Self.isControl(scalar): append("\\u{\(String(scalar.value, radix: 16))}")
            default: append(String(scalar))
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
