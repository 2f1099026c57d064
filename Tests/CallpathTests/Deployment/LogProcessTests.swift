import Foundation
import JSON
import Testing

/// What the process writes about requests, and what it never writes.
@Suite(.timeLimit(.minutes(10)))
struct LogProcessTests {
    private static let traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func writesOneLineARequestInJSON() throws {
        let log = try LogFile()
        let server = try RunningServer(arguments: ["--log-format", "json"], log: log.handle)
        let client = try Client(port: server.port)
        let fields = ["X-Request-Id": "mine-1", "Traceparent": Self.traceParent]
        let answer = try client.send("GET", "/v1/modules?limit=5", fields: fields)
        #expect(answer.fields["x-request-id"] == "mine-1")
        #expect(answer.fields["traceparent"] == Self.traceParent)
        #expect(server.terminate() == 0)
        let lines = try log.text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let requests = lines.filter { $0["label"]?.asString == "callpath.access" }
        #expect(requests.count == 1)
        let expected = [
            "message": "request", "method": "GET", "target": "/v1/modules?limit=5", "route": "/v1/modules",
            "status": "200", "request_id": "mine-1", "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "peer": "127.0.0.1",
        ]
        for (name, value) in expected { #expect(requests.first?[name]?.asString == value, "\(name)") }
    }

    /// Balancers and monitors ask all day: what they are told as ever is for debugging, what goes wrong is not.
    @Test(arguments: ["info", "debug"])
    func writesProbesThatSucceedForDebuggingOnly(level: String) throws {
        let log = try LogFile()
        let arguments = ["--log-format", "json", "--log-level", level]
        let server = try RunningServer(
            arguments: arguments,
            environment: ["AIP_HEALTH_ROUTE": "/healthy"],
            log: log.handle
        )
        let client = try Client(port: server.port)
        let layer = #"{"type": "ReLU"}"#
        #expect(try client.json("PUT", "/v1/modules/m", layer).status == 201)
        let probes = [
            "/", "/livez", "/readyz?verbose", "/metrics", "/ping", "/v2/health/live", "/v2/health/ready",
            "/v2/models/m/ready", "/v2/models/m/versions/1/ready", "/healthy",
        ]
        let methods = ["GET", "OPTIONS", "HEAD"]
        for path in probes {
            for method in methods.dropLast() {
                #expect(try client.send(method, path).status < 300, "\(method) \(path)")
            }
            try client.write(Array("HEAD \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            #expect(try client.readHead().status == 200, "HEAD \(path)")
        }
        let others = ["/version", "/v2/models/m", "/v2/models/none/ready"]
        for path in others { _ = try client.send("GET", path) }
        #expect(server.terminate() == 0)
        let lines = try log.text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let requests = lines.filter { $0["label"]?.asString == "callpath.access" && $0["method"] != "PUT" }
        #expect(requests.count == others.count + (level == "debug" ? methods.count * probes.count : 0), "\(log.text)")
        for path in others { #expect(requests.contains { $0["target"]?.asString == path }, "\(path)") }
    }

    /// A line of a hook can be found by the request that it ran in.
    @Test(arguments: [
        ("/v1/modules/fc/call", #"{"input": [1, 2], "hooks": HOOKS}"#),
        ("/v1/modules/fc/trace", #"{"input": [1, 2], "hooks": HOOKS}"#),
        (
            "/v2/models/fc/infer",
            """
            {"parameters": {"hooks": HOOKS},
             "inputs": [{"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
            """
        ),
        ("/invocations", #"{"input": [1, 2], "hooks": HOOKS}"#),
        ("/invocations", #"{"instances": [[1, 2]]}"#),
    ])
    func namesTheRequestInLinesOfHooks(path: String, body: String) throws {
        let log = try LogFile()
        let server = try RunningServer(arguments: ["--log-format", "json"], log: log.handle)
        let client = try Client(port: server.port)
        let layer = #"{"type": "Linear", "in_features": 2, "out_features": 1}"#
        #expect(try client.json("PUT", "/v1/modules/fc", layer).status == 201)
        let hook = #"{"kind": "forward", "action": {"type": "log"}}"#
        if !body.contains("HOOKS") {
            #expect(try client.json("POST", "/v1/modules/fc/hooks", hook).status == 201)
        }
        let fields = [
            "Content-Type": "application/json", "X-Request-Id": "mine-1", "Traceparent": Self.traceParent,
        ]
        let request = Array(body.replacing("HOOKS", with: "[\(hook)]").utf8)
        #expect(try client.send("POST", path, fields: fields, body: request).status == 200)
        let plain = try client.send("POST", path, fields: ["Content-Type": "application/json"], body: request)
        #expect(server.terminate() == 0)
        let lines = try log.text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let hooks = lines.filter { $0["message"]?.asString == "hook" }
        let ids = hooks.map { $0["request_id"]?.asString }
        #expect(ids == ["mine-1", plain.fields["x-request-id"]])
        #expect(hooks.map { $0["trace_id"]?.asString } == ["0af7651916cd43dd8448eb211c80319c", nil])
    }

    /// What a client sends is either a token or quoted, on one line, under our names.
    @Test(arguments: [
        ("X-Request-Id", "a b\" level=error"), ("X-Request-Id", String(repeating: "a", count: 129)),
        ("X-Request-Id", "\u{2028}forged"), ("Traceparent", String(traceParent.dropLast(3))),
        ("Traceparent", traceParent.uppercased()),
        ("Traceparent", "00-" + String(repeating: "0", count: 32) + "-b7ad6b7169203331-01"),
    ])
    func takesNothingMalformed(name: String, value: String) throws {
        let log = try LogFile()
        let server = try RunningServer(log: log.handle)
        let answer = try Client(port: server.port).send("GET", "/v2?x=%0Aforged", fields: [name: value])
        #expect(answer.status == 200)
        #expect(answer.fields["x-request-id"]?.utf8.count == 15)
        #expect(answer.fields["traceparent"] == nil)
        #expect(server.terminate() == 0)
        let lines = log.text.split(separator: "\n")
        #expect(lines.filter { $0.contains("callpath.access") }.count == 1)
        #expect(
            lines.allSatisfy { $0.contains(/^2[0-9-]+T[0-9:.]+Z (info|notice|warning|error) callpath/) },
            "\(log.text)"
        )
    }

    @Test(arguments: ["\u{0}", "\u{1}", "\u{B}", "\u{1B}[31m", "\u{7F}", "a\rb"])
    func refusesControlCharactersInAFieldAndSaysSo(value: String) throws {
        let log = try LogFile()
        let server = try RunningServer(log: log.handle)
        #expect(try Client(port: server.port).send("GET", "/livez?a=b", fields: ["X-A": value]).status == 400)
        try log.wait(
            for: "callpath.access: refused method=GET path=/livez peer=127.0.0.1 reason=malformed_request status=400\n"
        )
    }

    /// What was refused before it had a method or a path has a line without them, and a path is never a line of its own.
    @Test(arguments: [
        ("G\u{1}T / HTTP/1.1\r\n\r\n", "refused peer=127.0.0.1 reason=malformed_request status=400\n"),
        (
            "GET /a\u{1B}[31m\u{FF}b HTTP/1.1\r\n\r\n",
            "refused method=GET path=/a peer=127.0.0.1 reason=malformed_request status=400\n"
        ),
        (
            "GET /a%0Ab HTTP/1.1\r\nX-A : 1\r\n\r\n",
            "refused method=GET path=/a%0Ab peer=127.0.0.1 reason=malformed_request status=400\n"
        ),
    ])
    func namesWhatItRefusedAsFarAsItIsKnown(octets: String, line: String) throws {
        let log = try LogFile()
        let server = try RunningServer(log: log.handle)
        let client = try Client(port: server.port)
        try client.write(Array(octets.utf8))
        #expect(try client.readAnswer().status == 400)
        try log.wait(for: "callpath.access: \(line)")
    }

    @Test func keepsSecretsAndTensorsToItself() throws {
        let (folder, log) = (try Folder(), try LogFile())
        let binary = try RunningServer.binary().path
        let words = try shell("'\(binary)' key --name boss --scope admin").output.split(separator: "\n")
        let key = String(words[0].dropFirst(6))
        let file = try folder.write(String(words[1].dropFirst(6)), to: "keys")
        let server = try RunningServer(arguments: ["--keys", file, "--log-level", "trace"], log: log.handle)
        let client = try Client(port: server.port)
        for (method, path, body) in [
            ("POST", "/v1/modules", #"{"name": "fc", "type": "Linear", "in_features": 2, "out_features": 1}"#),
            ("PUT", "/v1/modules/fc/weight", "[[31337.25, 2.0]]"),
            (
                "POST", "/v1/modules/fc/call",
                #"{"input": [1.0, 4242.125], "hooks": [{"kind": "forward", "action": {"type": "log"}}]}"#
            ),
            ("POST", "/v1/modules/fc/call", #"{"input": [4242.125]}"#), ("POST", "/v1/modules/fc/call", "4242.125]"),
        ] {
            let fields = ["Authorization": "Bearer \(key)", "Content-Type": "application/json"]
            _ = try client.send(method, path, fields: fields, body: Array(body.utf8))
        }
        #expect(server.terminate() == 0)
        #expect(log.text.contains("key=boss"))
        for secret in [key, String(key.dropFirst(4)), "31337.25", "4242.125"] { #expect(!log.text.contains(secret)) }
    }

    /// Nobody reads the pipe: lines are dropped and counted, requests are answered, and the process ends when told to.
    @Test func neverWaitsForWhoeverReadsTheLog() throws {
        let stuck = Pipe()
        let server = try RunningServer(log: stuck)
        let client = try Client(port: server.port)
        // Their lines are more than a pipe and the buffer hold.
        let target = "/v1/modules?prefix=" + String(repeating: "a", count: 1000)
        let request = Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        for _ in 0..<60 {
            try client.write(Array(repeatElement(request, count: 100).joined()))
            for _ in 0..<100 { #expect(try client.readAnswer().status == 200) }
        }
        let metrics = try Client(port: server.port).send("GET", "/metrics").text
        let dropped = try #require(metrics.firstMatch(of: /callpath_log_lines_dropped_total (\d+)/)?.output.1)
        #expect(try #require(Int(dropped)) > 100)
        let start = ContinuousClock.now
        #expect(server.terminate() == 0)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func saysWhereTheTimeWentIfAsked() throws {
        let server = try RunningServer()
        let client = try Client(port: server.port)
        let layer = #"{"name": "fc", "type": "Linear", "in_features": 2, "out_features": 2}"#
        #expect(try client.json("POST", "/v1/modules", layer).status == 201)
        let body = Array(#"{"input": [1, 2]}"#.utf8)
        let fields = ["Content-Type": "application/json", "Prefer": "server-timing"]
        let timing = try client.send("POST", "/v1/modules/fc/call", fields: fields, body: body).fields["server-timing"]
        let parts = try #require(timing).split(separator: ", ").map { $0.prefix { $0 != ";" } }
        #expect(parts == ["parse", "queue", "compute", "encode", "total"])
        #expect(try client.json("POST", "/v1/modules/fc/call", #"{"input": [1, 2]}"#).fields["server-timing"] == nil)
    }

    @Test func isScrapedWhileItDrains() throws {
        let server = try RunningServer(arguments: ["--drain-delay", "3s"])
        server.send(SIGTERM)
        let client = try Client(port: server.port)
        var isReady = true
        while isReady { isReady = try client.send("GET", "/readyz").status == 200 }
        let metrics = try client.send("GET", "/metrics")
        #expect(metrics.status == 200)
        #expect(metrics.text.contains(#"callpath_http_requests_total{route="/readyz",method="GET",status="503"} 1"#))
    }
}
