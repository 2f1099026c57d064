import Foundation
import Testing
import Yams

/// What the fields of answers have to say, whatever the resource.
@Suite(.timeLimit(.minutes(10)))
struct AnswerFieldTests {
    /// Resources that a GET reads, by the kind of their answer.
    private static let paths = [
        "/livez", "/readyz", "/version", "/metrics", "/v1/modules", "/v1/modules/fc",
        "/v1/modules/fc/weight", "/v1/modules/fc/state_dict", "/v1/modules/fc/hooks", "/v1/hooks", "/v2",
        "/v2/models/fc",
    ]

    private let server: RunningServer
    private let client: Client

    init() throws {
        server = try RunningServer()
        client = try Client(port: server.port)
        let layer = #"{"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3}"#
        #expect(try client.json("POST", "/v1/modules", layer).status == 201)
    }

    @Test("SEM-01: Date is the time, as an IMF-fixdate", arguments: paths + ["/unknown"])
    func dates(path: String) throws {
        let before = Date().timeIntervalSince1970.rounded(.down)
        let text = try client.send("GET", path).fields["date"] ?? ""
        let after = Date().timeIntervalSince1970
        let date = try #require(Self.seconds(inIMFFixdate: text), "\(text)")
        // The server looks at the clock once for what it reads at once.
        #expect(before - 1...after ~= date, "\(text)")
    }

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, and nothing else: what is read must be written the same.
    private static func seconds(inIMFFixdate text: String) -> Double? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        guard let date = formatter.date(from: text), formatter.string(from: date) == text else { return nil }
        return date.timeIntervalSince1970
    }

    @Test("SEM-07: HEAD says what GET says", arguments: paths + ["/unknown", "/v1/modules/unknown"])
    func headIsGetWithoutContent(path: String) throws {
        let get = try client.send("GET", path)
        let head = "HEAD \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try client.write(Array(head.utf8))
        let fields = try client.readHead().fields
        // Counters have moved since.
        if path != "/metrics" { #expect(fields["content-length"] == get.fields["content-length"]) }
        #expect(fields["content-type"] == get.fields["content-type"])
        #expect(fields["etag"] == get.fields["etag"])
        #expect(fields["vary"] == get.fields["vary"])
        #expect(try client.send("GET", "/livez").status == 200, "content came behind HEAD")
    }

    @Test("SEM-24, ERR-03, ERR-05: content has a type that nobody guesses, and the server no name", arguments: paths)
    func contentHasAType(path: String) throws {
        let answer = try client.send("GET", path)
        #expect(answer.status == 200)
        #expect(answer.fields["content-type"] != nil)
        #expect(answer.fields["x-content-type-options"] == "nosniff")
        #expect(answer.fields["server"] == nil)
        #expect(answer.fields["x-powered-by"] == nil)
        #expect(answer.fields["via"] == nil)
    }

    @Test func everyRouteSaysWhatItAllows() throws {
        let text = try String(contentsOf: repository.appendingPathComponent("openapi.yaml"), encoding: .utf8)
        let contract = try #require(try Yams.load(yaml: text) as? [String: Any])
        let paths = try #require(contract["paths"] as? [String: [String: Any]])
        #expect(paths.count > 30)
        for (path, operations) in paths {
            let target = path.replacing(/\{\w+\}/, with: "1")
            let declared = Set(operations.keys.map { $0.uppercased() }).intersection(["GET", "POST", "PUT", "DELETE"])
            let options = try client.send("OPTIONS", target)
            let allowed = Set((options.fields["allow"] ?? "").split(separator: ", ").map(String.init))
            #expect(options.status == 204, "\(path)")
            #expect(allowed.subtracting(["HEAD", "OPTIONS"]) == declared, "\(path)")
            #expect(allowed.contains("OPTIONS") && allowed.contains("HEAD") == declared.contains("GET"), "\(path)")
            let refused = try client.send("PATCH", target)
            #expect(refused.status == 405, "\(path)")
            #expect(refused.fields["allow"] == options.fields["allow"], "\(path)")
        }
    }

    @Test(
        "ERR-04: a refusal is a problem document, whoever refuses",
        arguments: [
            "BAD\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET /unknown HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "POST /v1/modules HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{",
        ]
    )
    func refusesWithAProblem(request: String) throws {
        try client.write(Array(request.utf8))
        let answer = try client.readAnswer()
        #expect((400..<500).contains(answer.status))
        #expect(answer.fields["content-type"] == "application/problem+json")
        #expect(answer.text.contains("\"status\":\(answer.status)"))
        #expect(answer.fields["server"] == nil)
    }
}
