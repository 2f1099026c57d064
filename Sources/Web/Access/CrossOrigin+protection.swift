import HTTP
import HTTPTypes
import JSON

/// Keeps pages of other origins from changing anything (Go's `http.CrossOriginProtection`).
///
/// A form, or a script's `fetch` of a plain text, needs no preflight. Browsers say where a request comes from, in
/// `Sec-Fetch-Site` or at least in `Origin`; what says neither is no browser.
extension CrossOrigin {
    /// The middleware that refuses requests of foreign pages, but for methods that change nothing.
    func protect(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        { exchange in
            let request = exchange.request
            guard isSafe(request.method) || !isForeign(request) else { throw Self.refusal(request) }
            return try next(exchange)
        }
    }

    private func isSafe(_ method: HTTPRequest.Method) -> Bool {
        method == .get || method == .head || method == .options
    }

    private func isForeign(_ request: Request) -> Bool {
        let fields = request.fields
        guard fields.contains(.secFetchSite) || fields.contains(.origin) else { return false }
        let origin = fields[.origin]
        if let origin, origins.contains(origin) { return false }
        if let site = fields[.secFetchSite] { return site != "same-origin" && site != "none" }
        return origin.map { !Self.isOrigin($0, of: fields[.requestHost] ?? "") } ?? false
    }

    /// Returns whether `origin` is `host` with a scheme before it; `null` is nobody's.
    private static func isOrigin(_ origin: String, of host: String) -> Bool {
        let origin = origin.lowercased()
        guard !host.isEmpty, let scheme = ["http://", "https://"].first(where: origin.hasPrefix) else { return false }
        let port = scheme == "http://" ? ":80" : ":443"
        return withoutPort(port, origin.dropFirst(scheme.count)) == withoutPort(port, host.lowercased()[...])
    }

    private static func withoutPort(_ port: String, _ authority: Substring) -> Substring {
        authority.hasSuffix(port) ? authority.dropLast(port.count) : authority
    }

    private static func refusal(_ request: Request) -> Problem {
        Problem(
            .crossOrigin,
            "This request comes from a page of another origin; --cors-origins names the origins that may ask.",
            got: (request.fields[.origin] ?? request.fields[.secFetchSite]).map { .string($0) }
        )
    }
}

extension HTTPField.Name {
    /// How the page that a request comes from stands to this server (W3C Fetch Metadata).
    fileprivate static let secFetchSite = constant("Sec-Fetch-Site")
}
