import HTTP

/// How messages may be compressed, one by one.
package enum MessageCoding: String, Sendable, CaseIterable {
    case identity, deflate, gzip

    /// Octets below which coding costs more than it saves.
    package static let minimumByteCount = 1_024

    /// Every coding, as `grpc-accept-encoding` lists them.
    package static let all = allCases.map(\.rawValue).joined(separator: ",")

    /// Reads `grpc-encoding`; a call that names none is not compressed.
    init(named name: String?) throws(CallFailure) {
        guard let name else {
            self = .identity
            return
        }
        guard let coding = MessageCoding(rawValue: name) else { throw .unknownCoding(name) }
        self = coding
    }

    /// The same for HTTP's content; nil for none.
    var contentCoding: ContentCoding? {
        switch self {
        case .identity: nil
        case .deflate: .deflate
        case .gzip: .gzip
        }
    }

    /// Returns whether a list of codings, as `grpc-accept-encoding` is one, has this one.
    func isAmong(_ list: String?) -> Bool {
        guard let list else { return false }
        return list.split(separator: ",").contains { word in
            word.filter { $0 != " " && $0 != "\t" } == rawValue
        }
    }
}
