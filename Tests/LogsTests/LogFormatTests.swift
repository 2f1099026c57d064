import JSON
import Logging
import Synchronization
import Testing

@testable import Logs

struct LogFormatTests {
    private static let time: Int64 = 1_795_422_600_123_456_789

    /// What a queue writes of one line.
    private func written(_ format: LogFormat, _ append: (LogQueue) -> Void) -> String {
        let output = Mutex("")
        let write: @Sendable ([UInt8]) -> Int = { bytes in
            output.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
            return 0
        }
        let queue = LogQueue(format: format, write: write, now: { Self.time })
        append(queue)
        queue.flush()
        return output.withLock { $0 }
    }

    private func line(_ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:]) -> String {
        written(format) {
            $0.append(LogEntry(level: .info, label: "callpath", message: message, metadata: metadata))
        }
    }

    private func member(_ format: LogFormat, _ value: String) -> String {
        written(format) { $0.append(.info, label: "callpath", message: "m") { $0.add("path", value) } }
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
        #expect(member(.text, value) == line(.text, "m", ["path": "\(value)"]))
    }

    /// Bytes are looked at eight at a time: each must be seen wherever it stands.
    @Test(arguments: ["\"", "\\", " ", "=", "\u{1F}", "\u{7F}", "\n", "é", "\u{80}"])
    func seesWhatMustBeQuotedAnywhere(character: String) throws {
        for place in 0..<18 {
            let plain = String(repeating: "~", count: place) + "!"
            #expect(member(.text, plain).hasSuffix(" path=\(plain)\n"))
            let value = plain + character + String(repeating: "#", count: 17 - place)
            #expect(member(.text, value).contains(" path=\""), "\(place)")
            #expect(try JSONValue(parsing: Array(member(.json, value).utf8))["path"]?.asString == value)
        }
    }

    /// Whoever builds a line member by member decides on their order, and may add numbers.
    @Test func keepsTheOrderOfMembers() {
        let add: (inout LogLine) -> Void = { line in
            line.add("status", 200)
            line.add("duration_ms", "0.125")
            line.add("method", "GET")
        }
        let head = #""time":"2026-11-23T08:30:00.123Z","level":"info","label":"a","message":"request""#
        #expect(
            written(.text) { $0.append(.info, label: "a", message: "request", add) }
                == "2026-11-23T08:30:00.123Z info a: request status=200 duration_ms=0.125 method=GET\n"
        )
        #expect(
            written(.json) { $0.append(.info, label: "a", message: "request", add) }
                == "{\(head),\"status\":\"200\",\"duration_ms\":\"0.125\",\"method\":\"GET\"}\n"
        )
    }

    @Test(arguments: ["plain", "a\nb", "\u{0}\u{1B}", "\"quoted\"", "\u{2028}"])
    func writesJSONThatReadsBack(value: String) throws {
        let text = line(.json, value, ["path": "\(value)", "level": "forged"])
        #expect(text.utf8.filter { $0 == 0x0A }.count == 1)
        let object = try JSONValue(parsing: Array(text.utf8))
        #expect(object["message"]?.asString == value)
        #expect(object["path"]?.asString == value)
        #expect(try JSONValue(parsing: Array(member(.json, value).utf8))["path"]?.asString == value)
        #expect(object["level"]?.asString == "info")
        #expect(object["time"]?.asString == "2026-11-23T08:30:00.123Z")
    }
}
