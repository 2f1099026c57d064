import HTTPTypes
import Testing

@testable import HTTP

/// The limits of `ServerLimits` that the parser keeps: what is as large as may be passes, one octet more does not.
struct LimitTests {
    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    /// Expects `largest` to be a request, and `tooLarge` to be refused, whole and octet by octet.
    private func expect(
        _ largest: String,
        passesAnd tooLarge: String,
        isRefusedWith error: RequestError,
        _ change: (inout ServerLimits) -> Void
    ) {
        let limits = limits(change)
        for isWhole in [true, false] {
            func transcript(_ text: String) -> Transcript {
                let octets = Array(text.utf8)
                return Transcript(of: isWhole ? [octets] : octets.map { [$0] }, limits: limits)
            }
            #expect(transcript(largest).outcomes.map(\.isRequest) == [true])
            #expect(transcript(tooLarge).outcomes == [.refused(status: error.status.code)])
            #expect(transcript(tooLarge).error == error)
        }
    }

    private static let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func aRequestLineBeyondTheLimitGets414() {
        let rest = " HTTP/1.1\r\nHost: a\r\n\r\n"
        expect(
            "GET /12345678901\(rest)",
            passesAnd: "GET /123456789012\(rest)",
            isRefusedWith: .targetTooLong(limit: 25)
        ) {
            $0.maxRequestLineBytes = 25
        }
    }

    @Test func aHeadBeyondTheLimitGets431() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        expect("\(head)1234567\r\n\r\n", passesAnd: "\(head)12345678\r\n\r\n", isRefusedWith: .headTooLarge(limit: 39))
        {
            $0.maxHeadBytes = 39
        }
    }

    @Test func moreFieldsThanTheLimitGet431() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n"
        expect("\(head)\r\n", passesAnd: "\(head)Y: 1\r\n\r\n", isRefusedWith: .tooManyFields(limit: 2)) {
            $0.maxFields = 2
        }
    }

    @Test func aBodyBeyondTheLimitGets413() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
        expect("\(head)3\r\n\r\nabc", passesAnd: "\(head)4\r\n\r\n", isRefusedWith: .bodyTooLarge(limit: 3)) {
            $0.maxBodyBytes = 3
        }
        let chunks = "\(Self.chunked)2\r\nab\r\n"
        expect("\(chunks)1\r\nc\r\n0\r\n\r\n", passesAnd: "\(chunks)2", isRefusedWith: .bodyTooLarge(limit: 3)) {
            $0.maxBodyBytes = 3
        }
    }

    @Test func chunkExtensionsBeyondTheLimitGet413() {
        let chunks = "\(Self.chunked)1;a\r\nx\r\n0;bc"
        expect("\(chunks)\r\n\r\n", passesAnd: "\(chunks)d\r\n\r\n", isRefusedWith: .chunkExtensionsTooLarge(limit: 5))
        {
            $0.maxChunkExtensionBytes = 5
        }
    }

    @Test func trailersBeyondTheLimitGet431() {
        let chunks = "\(Self.chunked)0\r\nX: "
        expect("\(chunks)1\r\n\r\n", passesAnd: "\(chunks)12\r\n\r\n", isRefusedWith: .trailersTooLarge(limit: 8)) {
            $0.maxTrailerBytes = 8
        }
    }
}
