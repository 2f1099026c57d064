import HTTPTypes

/// What the parser knows at the end of a head.
struct RequestHead: Sendable {
    /// How the body ends.
    enum Framing: Equatable {
        case length(Int)
        case chunked
    }

    var method: HTTPRequest.Method
    var version: Request.Version
    var target: TargetRange
    var lines: [RequestFields.Line]
    var framing: Framing
    var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    var expectsContinue: Bool
}

/// Where path and query stand in the octets of a head.
struct TargetRange: Sendable, Equatable {
    var path: Range<Int>
    var query: Range<Int>?

    /// Splits the path and query that stand at `range` of `octets`.
    init(originForm range: Range<Int>, in octets: borrowing Span<UInt8>) {
        guard let mark = range.first(where: { octets[$0] == UInt8(ascii: "?") }) else {
            self.path = range
            return
        }
        self.path = range.lowerBound..<mark
        self.query = mark + 1..<range.upperBound
    }
}
