import HTTP
import HTTPTypes
import Testing
import Web

@testable import GRPC

struct StatusTests {
    @Test(
        arguments: [
            ("", ""), ("plain text, with ~", "plain text, with ~"), ("100%", "100%25"), ("a\nb", "a%0Ab"),
            ("größer", "gr%C3%B6%C3%9Fer"), ("\u{7F}", "%7F"), ("😀", "%F0%9F%98%80"),
        ]
    )
    func encodesWhatAFieldCannotSay(text: String, expected: String) {
        #expect(StatusMessage.encoded(text) == expected)
    }

    @Test func cutsALongMessageBetweenCharacters() {
        let cut = StatusMessage.encoded(String(repeating: "a", count: 4_090) + "é")
        #expect(cut.utf8.count == 4_096)
        let cutBefore = StatusMessage.encoded(String(repeating: "a", count: 4_091) + "éa")
        #expect(cutBefore == String(repeating: "a", count: 4_091))
    }

    @Test(
        arguments: [
            ("1S", .seconds(1)), ("5m", .milliseconds(5)), ("99999999u", .microseconds(99_999_999)),
            ("0n", .zero), ("2M", .seconds(120)), ("1H", .seconds(3_600)), ("99999999H", .seconds(31_536_000)),
        ] as [(String, Duration)]
    )
    func readsATimeout(text: String, expected: Duration) throws {
        #expect(try CallTimeout.duration(text) == expected)
    }

    @Test(arguments: ["", "S", "1", "1s", "123456789S", "-1S", "+1S", "1 S", "1.5S", "١S", "1Sé"])
    func refusesATimeoutOutOfForm(text: String) {
        #expect(throws: CallFailure.malformedTimeout(text)) { try CallTimeout.duration(text) }
    }

    /// The table of the specification.
    @Test(
        arguments: [
            (.malformedJSON, .invalidArgument), (.shapeMismatch, .invalidArgument), (.notAcceptable, .invalidArgument),
            (.moduleNotFound, .notFound), (.hookNotFound, .notFound), (.notFound, .unimplemented),
            (.bodyTooLarge, .resourceExhausted), (.tooManyRequests, .resourceExhausted),
            (.registryFull, .resourceExhausted), (.answerTooLarge, .resourceExhausted), (.nameTaken, .alreadyExists),
            (.moduleInUse, .failedPrecondition), (.preconditionFailed, .failedPrecondition),
            (.internalError, .internalError), (.overloaded, .unavailable), (.draining, .unavailable),
            (.deadlineExceeded, .unavailable), (.forbidden, .permissionDenied), (.unauthorized, .unauthenticated),
        ] as [(ProblemCode, StatusCode)]
    )
    func mapsProblems(code: ProblemCode, expected: StatusCode) {
        #expect(Status(Problem(code, "")).code == expected)
    }

    @Test func saysAProblemInTrailers() {
        let problem = Problem(.overloaded, "no room: größer", fields: [.retryAfter: "2"])
        let response = Status(problem).response
        #expect(response.status == .ok)
        #expect(response.body.count == 0)
        #expect(response.fields[.contentType] == "application/grpc")
        let trailers = response.trailers ?? [:]
        #expect(trailers[.grpcStatus] == "14")
        #expect(trailers[.constant("grpc-message")] == "no room: gr%C3%B6%C3%9Fer")
        #expect(trailers[.constant("callpath-code")] == "overloaded")
        #expect(trailers[.constant("grpc-retry-pushback-ms")] == "2000")
    }
}
