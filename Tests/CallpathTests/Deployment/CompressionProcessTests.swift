import Foundation
import Testing

/// Content codings between the binary and gzip and curl.
@Suite(.timeLimit(.minutes(10)))
struct CompressionProcessTests {
    private func withLayer(_ size: Int) throws -> RunningServer {
        let server = try RunningServer()
        let layer = #"{"name": "fc", "type": "Linear", "in_features": \#(size), "out_features": \#(size), "seed": 0}"#
        #expect(try Client(port: server.port).json("POST", "/v1/modules", layer).status == 201)
        return server
    }

    /// 64 are coded whole on the loop, 300 whole elsewhere, and 600 as the client takes them.
    @Test(arguments: [64, 300, 600], ["gzip", "deflate"])
    func curlReadsWhatWeCode(size: Int, coding: String) throws {
        let server = try withLayer(size)
        let url = "http://localhost:\(server.port)/v1/modules/fc/weight"
        let plain = try shell("curl -sS \(url) | sha256sum").output
        let asks = "curl -sS -H 'Accept-Encoding: \(coding)'"
        #expect(try shell("\(asks) --compressed \(url) | sha256sum").output == plain)
        let head = try shell("\(asks) -D - -o /dev/null \(url)").output.lowercased()
        #expect(head.contains("content-encoding: \(coding)\r\n"))
        #expect(head.contains("accept-encoding\r\n"))
        let counts = try shell("\(asks) \(url) | wc -c; curl -sS \(url) | wc -c").output.split(separator: "\n")
        let numbers = counts.compactMap { Int($0) }
        #expect(numbers.count == 2 && numbers[0] * 10 < numbers[1] * 6, "\(numbers)")
    }

    @Test(arguments: [
        ("gzip;q=0", nil), ("identity", nil), ("br", nil), ("deflate;q=0.5, gzip;q=0.1", "deflate"), ("*", "gzip"),
        ("gzip;q=0.1, identity;q=0.5", nil), ("gzip, *;q=0", "gzip"), ("x-gzip", "gzip"),
    ])
    func takesTheClientsWordForIt(accepted: String, coding: String?) throws {
        let server = try withLayer(64)
        let client = try Client(port: server.port)
        let answer = try client.send("GET", "/v1/modules/fc/weight", fields: ["Accept-Encoding": accepted])
        #expect(answer.fields["content-encoding"] == coding)
        #expect(answer.fields["vary"]?.contains("Accept-Encoding") == true)
    }

    /// Each event can be read as soon as it has come.
    @Test func codesAStreamOfEventsAsItComes() throws {
        let (server, folder) = (try withLayer(2), try Folder())
        let (url, seen) = ("http://localhost:\(server.port)/v1/modules/fc", folder.path("events"))
        let listener = try Job("timeout 20 curl -sSN --compressed '\(url)/events' -D '\(seen).head' -o '\(seen)'")
        let call = "curl -sS '\(url)/call' -H 'Content-Type: application/json' -d '{\"input\": [1, 2]}' -o /dev/null"
        let wait = "for i in {1..2000}; do grep -q WORDS '\(seen)' 2>/dev/null && break; sleep 0.005; done"
        let (heard, _) = try shell(
            "\(wait.replacing("WORDS", with: "listening")); \(call); \(wait.replacing("WORDS", with: "event:")); cat '\(seen)'"
        )
        #expect(heard.contains(": listening\n"))
        #expect(heard.contains("event: call\n"))
        #expect(try String(contentsOfFile: "\(seen).head", encoding: .utf8).contains("Content-Encoding: gzip"))
        #expect(server.terminate() == 0)
        #expect(listener.wait().isEmpty)
    }

    /// Four times the limit in zeros, once with its length hidden, is refused soon and for no more memory than the limit.
    @Test(arguments: [
        ("gzip", "gzip.compress(zeros)"), ("gzip", "gzip.compress(zeros)[:-4] + bytes(4)"),
        ("deflate", "zlib.compress(zeros)"),
    ])
    func aBombIsCheap(coding: String, made: String) throws {
        let (server, folder) = (try RunningServer(), try Folder())
        let bomb = folder.path("bomb")
        let script = "import gzip, sys, zlib; zeros = bytes(1 << 27); open(sys.argv[1], \"wb\").write(\(made))"
        #expect(try shell("python3 -c '\(script)' '\(bomb)'").status == 0)
        let before = try server.residentBytes()
        let start = ContinuousClock.now
        for _ in 0..<3 {
            let status = try shell(
                "curl -sS -o /dev/null -w '%{http_code}' http://localhost:\(server.port)/v1/modules --data-binary '@\(bomb)' "
                    + "-H 'Content-Type: application/json' -H 'Content-Encoding: \(coding)'"
            )
            #expect(status.output == "413")
        }
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(try server.residentBytes() - before < 64 << 20)
    }

    @Test(arguments: ["br", "zstd", "gzip, deflate", "compress"])
    func saysWhichCodingsItTakes(coding: String) throws {
        let fields = ["Content-Encoding": coding, "Content-Type": "application/json"]
        let server = try RunningServer()
        let answer = try Client(port: server.port).send("POST", "/v1/modules", fields: fields, body: [1])
        #expect(answer.status == 415)
        #expect(answer.fields["accept-encoding"] == "gzip, deflate")
    }

    @Test func readsWhatGzipWrote() throws {
        let server = try RunningServer()
        let output = try shell(
            #"printf '{"name": "fc", "type": "Linear", "in_features": 2, "out_features": 2}' | gzip | "#
                + "curl -sS -o /dev/null -w '%{http_code}' http://localhost:\(server.port)/v1/modules --data-binary @- "
                + "-H 'Content-Type: application/json' -H 'Content-Encoding: gzip'"
        ).output
        #expect(output == "201")
    }
}
