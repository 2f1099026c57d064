import Foundation
import Testing

/// The wire cases that need the whole interface: JSON, media types, codings, entity tags, methods, errors.
///
/// The ids are those of the list that `wire-cases.tsv` has the other rows of.
/// One process and one connection take all rows in turn: what one leaves behind would show in the next.
@Suite(.timeLimit(.minutes(10)))
struct InterfaceConformanceTests {
    /// One request and the statuses that may come of it.
    struct Row: Sendable {
        let id: String
        let statuses: Set<Int>
        var method = "POST"
        var path = "/v1/modules/fc/call"
        var fields = ["Content-Type": "application/json"]
        var body = Array(good.utf8)
    }

    private static let good = #"{"input": [1, 2, 3, 4]}"#
    private let server: RunningServer
    private let client: Client

    init() throws {
        server = try RunningServer()
        client = try Client(port: server.port)
        let layer = #"{"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3, "seed": 0}"#
        #expect(try client.json("POST", "/v1/modules", layer).status == 201)
    }

    static let rows = Array(
        [malformedTexts, members, tops, mediaTypes, conditions, semantics].joined()
    )

    @Test func answersAsTheListSays() throws {
        let tag = try client.send("GET", "/v1/modules/fc").fields["etag"] ?? ""
        for row in Self.rows {
            let fields = row.fields.mapValues { $0.replacing("{tag}", with: tag) }
            let answer = try client.send(row.method, row.path, fields: fields, body: row.body)
            #expect(row.statuses.contains(answer.status), "\(row.id): \(answer.status) \(answer.text.prefix(200))")
            try check(answer, row.id)
        }
    }

    /// What holds for every answer: no sniffing, errors are problems, and the connection stays in step.
    private func check(_ answer: Client.Answer, _ id: String) throws {
        let isProblem = answer.fields["content-type"] == "application/problem+json"
        #expect(isProblem == (answer.status >= 400), "\(id)")
        #expect(answer.fields["x-content-type-options"] == "nosniff" || answer.body.isEmpty, "\(id)")
        #expect(answer.fields["server"] == nil, "\(id)")
        #expect(answer.status != 405 || answer.fields["allow"] != nil, "\(id)")
        #expect(id != "GZ-10" || answer.fields["accept-encoding"] == "gzip, deflate", "\(id)")
        try expectStep(id)
    }

    private func expectStep(_ id: String) throws {
        let following = try client.json("POST", "/v1/modules/fc/call", Self.good)
        #expect(following.status == 200, "\(id)")
    }

    @Test func takesCodingsOff() throws {
        let good = try gzip("printf '\(Self.good)'")
        for (id, coding, change, statuses) in Self.codings {
            let fields = ["Content-Type": "application/json", "Content-Encoding": coding]
            let body = change.apply(to: good)
            let answer = try client.send("POST", "/v1/modules/fc/call", fields: fields, body: body)
            #expect(statuses.contains(answer.status), "\(id): \(answer.status) \(answer.text)")
            try expectStep(id)
        }
    }

    @Test("GZ-03: a gzip body may come in chunks") func takesCodingsOffChunks() throws {
        let good = try gzip("printf '\(Self.good)'")
        let head = """
            POST /v1/modules/fc/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r
            Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n
            """
        let chunks = good.flatMap { Array("1\r\n".utf8) + [$0] + Array("\r\n".utf8) }
        try client.write(Array(head.utf8) + chunks + Array("0\r\n\r\n".utf8))
        #expect(try client.readAnswer().status == 200)
        try expectStep("GZ-03")
    }

    @Test("GZ-12, GZ-13: a bomb is refused at once", arguments: [false, true])
    func refusesABombAtOnce(isChunked: Bool) throws {
        let bomb = try gzip("head -c 67108864 /dev/zero")
        let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(bomb.count)"
        let head = """
            POST /v1/modules/fc/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r
            Content-Encoding: gzip\r\n\(framing)\r\n\r\n
            """
        let size = Array("\(String(bomb.count, radix: 16))\r\n".utf8)
        try client.write(Array(head.utf8) + (isChunked ? size + bomb + Array("\r\n0\r\n\r\n".utf8) : bomb))
        let start = ContinuousClock.now
        let answer = try client.readAnswer()
        #expect(answer.status == 413, "\(answer.text)")
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("SEM-17, ETAG-01: a coding can be taken off, and has a tag of its own") func codesForWhoAsks() throws {
        let layer = #"{"name": "big", "type": "Linear", "in_features": 64, "out_features": 64}"#
        #expect(try client.json("POST", "/v1/modules", layer).status == 201)
        let path = "/v1/modules/big/weight"
        let plain = try client.send("GET", path)
        let coded = try client.send("GET", path, fields: ["Accept-Encoding": "gzip"])
        #expect(coded.fields["content-encoding"] == "gzip")
        #expect(coded.fields["vary"]?.contains("Accept-Encoding") == true)
        #expect(plain.fields["vary"] == coded.fields["vary"])
        #expect(plain.fields["etag"] != coded.fields["etag"])
        #expect(coded.body.count < plain.body.count)
        #expect(try filter("gzip -dc", coded.body) == plain.body)
        for (fields, tag) in [(["Accept-Encoding": "gzip"], coded.fields["etag"]), ([:], plain.fields["etag"])] {
            let conditions = fields.merging(["If-None-Match": coded.fields["etag"] ?? ""]) { $1 }
            let again = try client.send("GET", path, fields: conditions)
            #expect(again.status == 304)
            #expect(again.fields["etag"] == tag, "A 304 has the tag that its 200 would have.")
            #expect(again.body.isEmpty)
        }
    }

    private func gzip(_ command: String) throws -> [UInt8] {
        try filter("\(command) | gzip -nc", [])
    }

    /// Returns what `command` makes of `input`.
    private func filter(_ command: String, _ input: [UInt8]) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(input).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Array(data)
    }
}
