package import HTTP

/// Puts content codings on answers that clients want coded.
package enum Compression {
    /// Octets up to which coding is done on the event loop; more of them would keep other connections waiting.
    private static let maximumInlineByteCount = 65_536

    /// Wraps the whole server.
    package static func wrap(_ handler: @escaping Handler) -> Handler {
        { request in
            switch handler(request) {
            case .now(var response):
                guard !isLong(response.body.count) else { return compressedLater(response, for: request) }
                response.compress(for: request)
                return .now(consume response)
            case .waiting(let work): return .later { await compressed(work.response, for: request) }
            }
        }
    }

    /// Whether coding an answer takes long; what comes over time, or is very large, is coded as it goes out.
    private static func isLong(_ byteCount: Int?) -> Bool {
        let counts = (maximumInlineByteCount + 1)...Response.maximumWholeByteCount
        return counts.contains(byteCount ?? 0)
    }

    private static func compressedLater(_ response: Response, for request: Request) -> Reply<Never> {
        .later { await compressedElsewhere(response, for: request) }
    }

    private static func compressed(_ response: Response, for request: Request) async -> Response {
        guard isLong(response.body.count) else { return response.compressed(for: request) }
        return await compressedElsewhere(response, for: request)
    }

    private static func compressedElsewhere(_ response: Response, for request: Request) async -> Response {
        let coded = try? await LongWork.run(for: request.client) { response.compressed(for: request) }
        // Nobody reads the answer to a request that is cancelled.
        return coded ?? response
    }
}
