import HTTP
import HTTPTypes
import JSON

/// Lets a request through to its route if its key allows the route's scope (RFC 6750).
struct Authentication {
    let keys: KeyRing

    /// The layer that wraps every route that is not open to anyone.
    func layer(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        guard route.scope != .open else { return next }
        return { exchange in
            exchange.context.caller = try caller(of: exchange.request, scope: route.scope)
            return try next(exchange)
        }
    }

    /// Returns the name of the caller's key.
    private func caller(of request: Request, scope: Route.Scope) throws(Problem) -> String {
        guard let shown = Self.bearerToken(request.fields[.authorization]) else {
            throw Problem(
                .unauthorized,
                "This server wants a key: Authorization: Bearer KEY.",
                fields: [.wwwAuthenticate: #"Bearer realm="callpath""#]
            )
        }
        guard let key = keys.key(matching: shown) else {
            throw Problem(
                .unauthorized,
                "This key is not known here.",
                fields: [.wwwAuthenticate: #"Bearer realm="callpath", error="invalid_token""#]
            )
        }
        guard key.allows(scope) else {
            throw Problem(
                .forbidden,
                "The key '\(key.name)' does not have the scope '\(scope.rawValue)'.",
                expected: .string(scope.rawValue),
                got: .array(key.scopes.map(\.rawValue).sorted().map { .string($0) }),
                fields: [.wwwAuthenticate: #"Bearer realm="callpath", error="insufficient_scope""#]
            )
        }
        return key.name
    }

    /// Returns the token of a value like `Bearer abc`; the scheme has no case.
    private static func bearerToken(_ value: String?) -> String? {
        guard let words = value?.split(separator: " ", maxSplits: 1), words.count == 2,
            words[0].lowercased() == "bearer"
        else { return nil }
        return String(words[1])
    }
}
