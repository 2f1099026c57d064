import Testing
import WireCases

/// Every wire case against the binary that people run.
///
/// Its application is another than the one that the table has in mind, so that the answers to good requests differ;
/// what is refused, how many answers there are, and what becomes of the connection must not.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct WireCaseTests {
    /// Refusals that are the parser's business, or no method of HTTP anywhere.
    private static let refusals: Set<Int> = [400, 408, 413, 414, 417, 431, 501, 505]

    @Test func theBinaryAnswersAsTheTableSays() throws {
        let server = try RunningServer(arguments: ["--http2", "off"])
        for row in WireCase.all { try check(row, server) }
    }

    private func check(_ row: WireCase, _ server: RunningServer) throws {
        let client = try Client(port: server.port)
        let (answers, hasEnded) = try WireCaseScript(row: row, client: client, followUpPath: "/v2/health/live").run()
        let statuses = answers.map(\.status).filter { $0 >= 200 }
        let expected = row.answers.compactMap { Int($0) }.filter { $0 >= 200 } + (row.keepsConnection ? [200] : [])
        #expect(statuses.count == expected.count, "\(row): \(statuses)")
        for (status, expected) in zip(statuses, expected) {
            if Self.refusals.contains(expected) {
                #expect(status == expected, "\(row)")
            } else {
                #expect(status < 500 && !Self.refusals.subtracting([400]).contains(status), "\(row): \(status)")
            }
        }
        #expect(hasEnded == !row.keepsConnection, "\(row)")
        if row.keepsConnection { #expect(answers.last?.status == 200, "\(row): the follow-up is out of step") }
        for answer in answers where answer.status >= 200 { check(answer, row) }
    }

    /// What holds for every answer.
    private func check(_ answer: WireAnswer, _ row: WireCase) {
        #expect(answer.fields["date"] != nil, "\(row)")
        #expect(answer.fields["server"] == nil, "\(row)")
        #expect(answer.fields["x"] == nil, "\(row): the response was split")
        #expect(answer.body.isEmpty || answer.fields["x-content-type-options"] == "nosniff", "\(row)")
        #expect(answer.status < 400 || answer.body.isEmpty || answer.isProblem, "\(row)")
        #expect(!answer.text.contains("secret"), "\(row)")
    }
}

extension WireAnswer {
    /// Whether the content is a problem document (RFC 9457).
    var isProblem: Bool { fields["content-type"] == "application/problem+json" }
}
