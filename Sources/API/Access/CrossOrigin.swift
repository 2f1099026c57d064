package import HTTP
import HTTPTypes

/// Lets scripts of allowed origins read answers (the Fetch standard's CORS protocol); off without origins.
package struct CrossOrigin: Sendable {
    /// The origins whose scripts may read answers, as browsers send them: `https://app.example`.
    package let origins: Set<String>
    /// How long a browser may keep the answer to a preflight, in seconds.
    static let maximumAge = 600

    package init(origins: Set<String>) {
        self.origins = origins
    }

    private static let exposed =
        "ETag, Location, Retry-After, Server-Timing, X-Request-Id, Callpath-Module-Version, Tensor-Shape, Tensor-Dtype, "
        + "Inference-Header-Content-Length"

    /// Wraps the whole server: errors and preflights carry the fields too, and a preflight needs no key.
    package func wrap(_ handler: @escaping Handler) -> Handler {
        guard !origins.isEmpty else { return handler }
        return { request in
            guard let origin = request.fields[.origin], origins.contains(origin) else {
                return varying(await handler(request))
            }
            if isPreflight(request) { return preflight(request, origin: origin) }
            var response = varying(await handler(request))
            response.fields[.accessControlAllowOrigin] = origin
            response.fields[.accessControlExposeHeaders] = Self.exposed
            return response
        }
    }

    /// Says to caches that the answer depends on who asks.
    private func varying(_ response: Response) -> Response {
        var response = response
        response.fields[.vary] = response.fields[.vary].map { $0 + ", Origin" } ?? "Origin"
        return response
    }

    private func isPreflight(_ request: Request) -> Bool {
        request.method == .options && request.fields.contains(.accessControlRequestMethod)
    }

    private func preflight(_ request: Request, origin: String) -> Response {
        var fields: HTTPFields = [
            .accessControlAllowOrigin: origin,
            .accessControlAllowMethods: "GET, HEAD, POST, PUT, DELETE, OPTIONS",
            .accessControlMaxAge: String(Self.maximumAge),
            .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ]
        // The parser lets only field content through, so that what is sent back is what a browser sent.
        fields[.accessControlAllowHeaders] = request.fields[.accessControlRequestHeaders]
        return Response(status: .noContent, fields: fields)
    }
}
