import JSON
import Logging
import Testing

@testable import Logs

struct LogFormatTests {
    private static let time: Int64 = 1_795_422_600_123_456_789

    private func line(_ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:]) -> String {
        var bytes: [UInt8] = []
        let entry = LogEntry(level: .info, label: "callpath", message: message, metadata: metadata, time: Self.time)
        format.append(entry, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func writesTextWithKeysInOrder() {
        #expect(
            line(.text, "listening", ["port": "8080", "host": "127.0.0.1"])
                == "2026-11-23T08:30:00.123Z info callpath: listening host=127.0.0.1 port=8080\n"
        )
    }

    @Test(arguments: [
        ("a b", #""a b""#), ("", #""""#), (#"say "x""#, #""say \"x\"""#), ("a=b", #""a=b""#), (#"\"#, #""\\""#),
        ("a\nb", #""a\nb""#), ("a\r\nb", #""a\r\nb""#), ("\u{1B}[31m", #""\u{1b}[31m""#), ("\u{0}", #""\u{0}""#),
        ("\u{85}\u{2028}\u{202E}", #""\u{85}\u{2028}\u{202e}""#), ("\u{7F}", #""\u{7f}""#), ("grüß", #""grüß""#),
    ])
    func keepsAValueOnItsLine(value: String, written: String) {
        #expect(line(.text, "m", ["path": "\(value)"]) == "2026-11-23T08:30:00.123Z info callpath: m path=\(written)\n")
    }

    @Test(arguments: ["plain", "a\nb", "\u{0}\u{1B}", "\"quoted\"", "\u{2028}"])
    func writesJSONThatReadsBack(value: String) throws {
        let text = line(.json, value, ["path": "\(value)", "level": "forged"])
        #expect(text.utf8.filter { $0 == 0x0A }.count == 1)
        let object = try JSONValue(parsing: Array(text.utf8))
        #expect(object["message"]?.asString == value)
        #expect(object["path"]?.asString == value)
        #expect(object["level"]?.asString == "info")
        #expect(object["time"]?.asString == "2026-11-23T08:30:00.123Z")
    }
}
