import HTTPTypes

/// Where path and query stand in the octets of a head.
struct TargetRange: Sendable, Equatable {
    var path: Range<Int>
    var query: Range<Int>?
}

extension TargetRange {
    /// Splits the path and query that stand at `range` of `octets`.
    init(originForm range: Range<Int>, in octets: Span<UInt8>) {
        guard let mark = range.first(where: { octets[$0] == UInt8(ascii: "?") }) else {
            self.init(path: range)
            return
        }
        self.init(path: range.lowerBound..<mark, query: mark + 1..<range.upperBound)
    }

    /// Reads the target at `range`, in the form that `method` allows (RFC 9112 3.2).
    init(of method: HTTPRequest.Method, at range: Range<Int>, in octets: Span<UInt8>) throws(RequestError) {
        switch octets[range.lowerBound] {
        case _ where method == .connect: throw .connectRefused
        case UInt8(ascii: "/"): try self.init(checkingOriginForm: range, in: octets)
        case UInt8(ascii: "*") where range.count == 1 && (method == .options || method == .preface):
            self.init(path: range)
        default: try self.init(absoluteForm: range, in: octets)
        }
    }

    /// Splits at the first `?`, and refuses brackets and a `%` without two hexadecimal digits in the path (RFC 3986 3.3).
    ///
    /// What a query may hold says the route: health checks and monitors append what they like.
    private init(checkingOriginForm range: Range<Int>, in octets: Span<UInt8>) throws(RequestError) {
        self.init(path: range)
        let octets = octets.extracting(first: range.upperBound)
        var index = octets.firstIndex(from: range.lowerBound, notIn: .plainTarget)
        while index < range.upperBound {
            switch octets[index] {
            case UInt8(ascii: "?"):
                path = range.lowerBound..<index
                query = index + 1..<range.upperBound
                return
            case UInt8(ascii: "["), UInt8(ascii: "]"): throw .malformed(.requestTarget)
            case UInt8(ascii: "%"):
                guard PercentEncoding.isValid(octets.extracting(index..<min(index + 3, range.upperBound))) else {
                    throw .malformed(.percentEncoding)
                }
            default: break
            }
            index = octets.firstIndex(from: index + 1, notIn: .plainTarget)
        }
    }

    /// Reads `http://host:port/path?query`; the authority is checked and then ignored, for there is one origin here.
    private init(absoluteForm range: Range<Int>, in octets: Span<UInt8>) throws(RequestError) {
        let target = octets.extracting(range)
        let schemeCount =
            if target.count > 7, target.extracting(first: 7).equalsIgnoringCase("http://") {
                7
            } else if target.count > 8, target.extracting(first: 8).equalsIgnoringCase("https://") {
                8
            } else {
                throw RequestError.malformed(.requestTarget)
            }
        let start = range.lowerBound + schemeCount
        let end = (start..<range.upperBound).first {
            octets[$0] == UInt8(ascii: "/") || octets[$0] == UInt8(ascii: "?")
        }
        let pathStart = end ?? range.upperBound
        guard Authority.isValid(octets.extracting(start..<pathStart)) else { throw .malformed(.requestTarget) }
        try self.init(checkingOriginForm: pathStart..<range.upperBound, in: octets)
    }
}

extension HTTPRequest.Method {
    /// What the preface of HTTP/2 begins with, so that it is refused for its version where HTTP/2 is not spoken (RFC 9113 3.4).
    fileprivate static let preface = HTTPRequest.Method("PRI")
}
