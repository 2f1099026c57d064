package import HTTPTypes

/// A way in which octets fail to be a request that this server takes.
///
/// Each ends the connection: behind broken framing nobody knows where the next request begins.
package enum RequestError: Error, Equatable, Sendable {
    /// Octets where the grammar of RFC 9112 has none such.
    case malformed(Part)
    case unsupportedVersion
    case invalidHost
    case missingHost
    case severalHosts
    /// A Host that is not the `:authority` beside it.
    case differentHost
    case invalidContentLength
    case severalContentLengths
    /// Transfer-Encoding beside Content-Length, twice, in HTTP/1.0, or without chunked at its end.
    case ambiguousFraming
    case unknownTransferCoding
    case unknownExpectation
    case connectRefused
    case forbiddenTrailer
    case targetTooLong(limit: Int)
    case headTooLarge(limit: Int)
    case tooManyFields(limit: Int)
    case bodyTooLarge(limit: Int)
    case chunkExtensionsTooLarge(limit: Int)
    case trailersTooLarge(limit: Int)

    /// A part of a message, for the words of an error.
    package enum Part: String, Sendable {
        case requestLine = "request line"
        case requestTarget = "request target"
        case percentEncoding = "percent-encoding"
        case fieldLine = "field line"
        case chunk = "chunk"
        case trailer = "trailer"
    }
}

extension RequestError {
    /// The status of the answer.
    package var status: HTTPResponse.Status {
        switch self {
        case .malformed, .invalidHost, .missingHost, .severalHosts, .differentHost, .invalidContentLength,
            .severalContentLengths, .ambiguousFraming, .forbiddenTrailer:
            .badRequest
        case .unsupportedVersion: .httpVersionNotSupported
        case .unknownTransferCoding, .connectRefused: .notImplemented
        case .unknownExpectation: .expectationFailed
        case .targetTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields, .trailersTooLarge: .requestHeaderFieldsTooLarge
        case .bodyTooLarge, .chunkExtensionsTooLarge: .contentTooLarge
        }
    }

    /// The stable, machine-readable name of the error.
    package var code: String {
        switch self {
        case .malformed: "malformed_request"
        case .unsupportedVersion: "unsupported_http_version"
        case .invalidHost, .missingHost, .severalHosts, .differentHost: "invalid_host"
        case .invalidContentLength, .severalContentLengths, .ambiguousFraming: "invalid_framing"
        case .unknownTransferCoding: "unsupported_transfer_coding"
        case .unknownExpectation: "expectation_failed"
        case .connectRefused: "not_implemented"
        case .forbiddenTrailer: "forbidden_trailer"
        case .targetTooLong: "target_too_long"
        case .headTooLarge, .tooManyFields: "head_too_large"
        case .trailersTooLarge: "trailers_too_large"
        case .bodyTooLarge: "body_too_large"
        case .chunkExtensionsTooLarge: "chunk_extensions_too_large"
        }
    }

    /// One sentence for people; nothing that the client sent is in it.
    package var detail: String {
        switch self {
        case .malformed(let part): "The \(part.rawValue) does not follow RFC 9112."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .invalidHost: "The Host field is not a valid host and port."
        case .missingHost: "An HTTP/1.1 request needs a Host field."
        case .differentHost: "Host and :authority must be the same."
        case .severalHosts: "A request needs exactly one Host field."
        case .invalidContentLength: "Content-Length must be one decimal number."
        case .severalContentLengths: "Content-Length must stand once."
        case .ambiguousFraming:
            "Transfer-Encoding must be 'chunked', once, in HTTP/1.1, and without a Content-Length."
        case .unknownTransferCoding: "The only transfer coding known here is 'chunked'."
        case .unknownExpectation: "The only expectation known here is '100-continue'."
        case .connectRefused: "This server is no proxy."
        case .forbiddenTrailer: "Framing and routing fields must not stand in trailers."
        case .targetTooLong(let limit): "The request line is longer than \(limit) octets."
        case .headTooLarge(let limit): "The head is larger than \(limit) octets."
        case .tooManyFields(let limit): "There are more than \(limit) field lines."
        case .bodyTooLarge(let limit): "The body is larger than \(limit) octets."
        case .chunkExtensionsTooLarge(let limit): "The chunk extensions are larger than \(limit) octets."
        case .trailersTooLarge(let limit): "The trailer section is larger than \(limit) octets."
        }
    }
}
