/// A content coding that is understood here (RFC 9110 8.4.1), the more usual one first.
package enum ContentCoding: String, Sendable, CaseIterable {
    case gzip, deflate

    /// The names that mean this coding, in lower case.
    var names: [String] {
        switch self {
        case .gzip: ["gzip", "x-gzip"]
        case .deflate: ["deflate"]
        }
    }

    /// zlib's `windowBits`: a window of 32 KiB, and 16 more for gzip's header and trailer instead of zlib's.
    var windowBits: Int32 {
        switch self {
        case .gzip: 15 + 16
        case .deflate: 15
        }
    }

    /// Every coding, as `Accept-Encoding` of a 415 lists them.
    package static let all = allCases.map(\.rawValue).joined(separator: ", ")
}

/// A way in which coded content cannot be taken.
package enum ContentCodingError: Error, Equatable, Sendable {
    /// No coding known here, or several at once: 415 with `Accept-Encoding`.
    case unknownCoding
    /// Not what its coding says, cut short, wrong in its checksum, or followed by more octets: 400.
    case corrupt
    /// More than `limit` octets when decoded: 413.
    case tooLarge(limit: Int)
}
