import HTTP
import HTTPTypes
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1)))
struct AnswerTests {
    @Test func answersAndKeepsTheConnection() async throws {
        let text = try await withClient { client in
            try client.send(get("/a"))
            try client.receive(until: "\r\n\r\n/a")
            try client.send("GET /b HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            return try client.receiveAll()
        }
        #expect(text.hasSuffix("Connection: close\r\n\r\n/b"))
    }
}
