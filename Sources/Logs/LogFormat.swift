import JSON
import Logging

/// How log lines are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-11-23T08:30:00.000Z info callpath: message key=value`, keys in alphabetical order.
    case text
    /// One JSON object a line.
    case json

    /// Appends `entry` as one line with our keys, whatever a client put into its values.
    package func append(_ entry: LogEntry, to bytes: inout [UInt8]) {
        switch self {
        case .text: Self.appendText(entry, to: &bytes)
        case .json: Self.appendJSON(entry, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func appendText(_ entry: LogEntry, to bytes: inout [UInt8]) {
        bytes += "\(WallClock.text(entry.time)) \(entry.level) \(entry.label): ".utf8
        appendEscaped(entry.message, to: &bytes)
        for (key, value) in entry.metadata.sorted(by: { $0.key < $1.key }) {
            bytes.append(UInt8(ascii: " "))
            appendEscaped(key, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            appendValue("\(value)", to: &bytes)
        }
    }

    /// Appends a value, in quotes if it could be taken for more than one word.
    private static func appendValue(_ value: String, to bytes: inout [UInt8]) {
        let isWord = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"=\\".utf8.contains($0) }
        guard !isWord else { return bytes += value.utf8 }
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(value, escapesQuotes: true, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends text without anything that ends a line or steers a terminal.
    private static func appendEscaped(_ text: String, escapesQuotes: Bool = false, to bytes: inout [UInt8]) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\",
                "\"" where escapesQuotes:
                bytes += "\\\(scalar)".utf8
            case "\n": bytes += "\\n".utf8
            case "\r": bytes += "\\r".utf8
            case "\t": bytes += "\\t".utf8
            case _ where isControl(scalar): bytes += "\\u{\(String(scalar.value, radix: 16))}".utf8
            default: bytes += "\(scalar)".utf8
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

    private static func appendJSON(_ entry: LogEntry, to bytes: inout [UInt8]) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("time", WallClock.text(entry.time))
        writer.member("level", "\(entry.level)")
        writer.member("label", entry.label)
        writer.member("message", entry.message)
        for (key, value) in entry.metadata.sorted(by: { $0.key < $1.key })
        where !["time", "level", "label", "message"].contains(key) {
            writer.member(key, "\(value)")
        }
        writer.endObject()
        bytes += writer.finish()
    }
}
