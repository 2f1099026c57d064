import HTTP
import HTTPServer
import HTTPTypes
import Testing
import WireCases

/// Every wire case over a real socket: what is answered, what becomes of the connection, what reaches the handler.
///
/// Serialized, because each client blocks a thread of Dispatch, and hundreds at once would leave none to the loops.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ConformanceTests {
    @Test(arguments: WireCase.all)
    func answersAsTheTableSays(row: WireCase) async throws {
        let server = WireCaseServer()
        let (answers, hasEnded) = try await withClient(configuration: Self.http1, handler: server.handle) { client in
            try WireCaseScript(row: row, client: client).run()
        }
        let finals = answers.filter { $0.status >= 200 }
        #expect(Self.isExpected(answers.map(\.status), row.answers + (row.keepsConnection ? ["200"] : [])))
        #expect(hasEnded == !row.keepsConnection)
        for answer in finals { check(answer) }
        if row.keepsConnection { #expect(finals.last?.text == "base", "The follow-up is out of step.") }
        #expect(server.seen == Self.requests(in: row))
        checkConnectionField(row, answers: finals)
    }

    /// The rows are HTTP/1.1's, and one of them is the preface of HTTP/2.
    private static var http1: HTTPServer.Configuration {
        var configuration = HTTPServer.Configuration()
        configuration.speaksHTTP2 = false
        return configuration
    }

    /// Whether `statuses` are those of the table and, behind them, that of the follow-up.
    private static func isExpected(_ statuses: [Int], _ expected: [String]) -> Bool {
        let mayContinue = expected.first == "100?"
        let statuses = mayContinue ? statuses.filter { $0 != 100 } : statuses
        return statuses == expected.compactMap { Int($0) }
    }

    /// What the parser, which has tests of its own, makes of the row, and the follow-up.
    private static func requests(in row: WireCase) -> [WireCaseServer.Seen] {
        var parser = RequestParser()
        var seen: [WireCaseServer.Seen] = []
        let octets = row.octets + (row.keepsConnection ? WireCaseScript.followUp() : [])
        var start = 0
        while start < octets.count {
            guard let (event, count) = try? parser.consume(octets.span.extracting(start...)) else { break }
            start += count
            if case .request(let request) = event { seen.append(WireCaseServer.Seen(request)) }
        }
        return seen
    }

    /// What holds for every answer.
    private func check(_ answer: WireAnswer) {
        #expect(answer.fields["date"]?.wholeMatch(of: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
        #expect(answer.fields["server"] == nil)
        #expect(answer.fields["x"] == nil, "The response was split.")
        #expect(answer.fields["content-type"] != "text/html")
        #expect(!answer.text.contains("secret"))
        #expect(answer.status != 405 || answer.fields["allow"] != nil)
    }

    private func checkConnectionField(_ row: WireCase, answers: [WireAnswer]) {
        guard let last = answers.last else { return }
        if !row.keepsConnection { #expect(last.fields["connection"] == "close" || row.id == "HALF-01") }
        let isOld = String(decoding: row.octets, as: UTF8.self).contains("HTTP/1.0\r\n")
        guard isOld else { return }
        #expect(!answers.contains { $0.fields["transfer-encoding"] != nil })
        if row.keepsConnection { #expect(answers.first?.fields["connection"] == "keep-alive") }
    }

    /// The parser's own refusals are problem documents, closed to sniffing and to caches (RFC 9457).
    @Test(arguments: WireCase.all.filter { $0.parserOutcomes.last.flatMap { Int($0) } != nil })
    func refusesWithAProblem(row: WireCase) async throws {
        let (answers, _) = try await withClient(configuration: Self.http1, handler: WireCaseServer().handle) { client in
            try WireCaseScript(row: row, client: client).run()
        }
        let refusal = try #require(answers.last)
        #expect(refusal.fields["content-type"] == "application/problem+json")
        #expect(refusal.fields["x-content-type-options"] == "nosniff")
        #expect(refusal.text.hasPrefix(#"{"type":"about:blank","title":""#))
        #expect(refusal.text.contains("\"status\":\(refusal.status),"))
    }
}
