import HTTP
import JSON
import Testing

@testable import Web

struct ProblemTests {
    /// A client that sends megabytes where a word is due does not get them back, several times over.
    @Test func repeatsOnlySoMuchOfWhatCame() throws {
        let text = String(repeating: "x", count: 1_000_000)
        let problem = Problem(
            .invalidField,
            "'\(text)' is none.",
            got: .array(Array(repeating: .string(text), count: 3))
        )
        #expect(try #require(problem.response.body.count) < 100_000)
        let many = Problem(.invalidField, "", got: .array(Array(repeating: .string("x"), count: 1_000_000)))
        #expect(try #require(many.response.body.count) < 10_000)
    }
}
