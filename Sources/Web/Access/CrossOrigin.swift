import HTTP
import HTTPTypes

/// Lets scripts of allowed origins read answers (the Fetch standard's CORS protocol); off without origins.
package struct CrossOrigin: Sendable {
    /// The origins whose scripts may read answers, as browsers send them: `https://app.example`.
    package let origins: Set<String>
    /// How long a browser may keep the answer to a preflight, in seconds.
    static let maximumAge = 600

    package init(origins: Set<String> = []) {
        self.origins = origins
    }

    private static let exposed =
        "ETag, Location, Retry-After, Server-Timing, X-Request-Id, Callpath-Module-Version, Callpath-Revision, Tensor-Shape, "
        + "Tensor-Dtype, Inference-Header-Content-Length"

    /// The middleware that wraps every route, inside telemetry only: errors and preflights carry the fields too, and a
    /// preflight needs no key.
    func wrap(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        guard !origins.isEmpty else { return next }
        let open: @Sendable (consuming Response, Exchange) -> Response = { response, exchange in
            opened(response, to: allowedOrigin(of: exchange.request))
        }
        return { exchange in
            let request = exchange.request
            if isPreflight(request), let origin = allowedOrigin(of: request) {
                return .now(preflight(request, origin: origin))
            }
            return try next(exchange).map(exchange, open)
        }
    }

    private func allowedOrigin(of request: Request) -> String? {
        request.fields[.origin].flatMap { origins.contains($0) ? $0 : nil }
    }

    /// Lets scripts of `origin` read an answer, and says to caches that it depends on who asks.
    private func opened(_ response: consuming Response, to origin: String?) -> Response {
        response.fields.append("Origin", toListOf: .vary)
        guard let origin else { return response }
        response.fields[.accessControlAllowOrigin] = origin
        response.fields[.accessControlExposeHeaders] = Self.exposed
        return response
    }

    private func isPreflight(_ request: Request) -> Bool {
        request.method == .options && request.fields.contains(.accessControlRequestMethod)
    }

    private func preflight(_ request: Request, origin: String) -> Response {
        var fields: ResponseFields = [
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
