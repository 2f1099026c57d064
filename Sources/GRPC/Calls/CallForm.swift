import HTTP
import HTTPTypes
import JSON
import Web

/// Which requests are calls.
enum CallForm {
    private static let plain = Array("application/grpc".utf8)

    /// Whether a request is a call: a POST over HTTP/2 whose content is gRPC's.
    static func isCall(_ request: Request) -> Bool {
        request.version == .http2 && request.method == .post && isGRPC(request.fields.onlyOctets(of: .contentType))
    }

    /// Whether a type of content is `application/grpc`, with messages of protobuf if it says which.
    static func isGRPC(_ contentType: ArraySlice<UInt8>?) -> Bool {
        guard let contentType else { return false }
        // As all clients write it.
        if contentType.elementsEqual(plain) { return true }
        guard let type = MediaType(contentType) else { return false }
        return type.type == "application" && (type.subtype == "grpc" || type.subtype == "grpc+proto")
    }

    /// Why a request that came to a method is no call.
    static func refusal(of request: Request) -> Problem {
        guard request.version == .http2 else {
            return Problem(
                .unsupportedMediaType,
                "gRPC is served over HTTP/2 alone.",
                expected: "HTTP/2",
                got: "HTTP/1.1"
            )
        }
        return Problem(
            .unsupportedMediaType,
            "This is a method of gRPC, whose requests are application/grpc.",
            expected: "application/grpc",
            got: request.fields[.contentType].map { .string($0) }
        )
    }
}
