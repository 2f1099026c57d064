import HTTP
import HTTPTypes
import JSON

/// Finds out whose key a request shows, and whether that key allows its route's scope (RFC 6750).
struct Authentication {
    let keys: KeyRing
    /// What whoever shows no key may do: nothing unless it is told.
    let anonymous: Scope?

    /// The middleware that notes the key that a request shows; it refuses nobody.
    func identify(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        guard route.scope != .open else { return next }
        return { exchange in
            let shown = Self.bearerToken(of: exchange.request)
            exchange.context.key = shown.flatMap(keys.key(matching:))
            return try next(exchange)
        }
    }

    /// The middleware that refuses whoever shows no key, none that is known, or one without the route's scope.
    func authorize(_ route: Route, _ next: @escaping Endpoint) -> Endpoint {
        guard route.scope != .open else { return next }
        return { exchange in
            guard let key = try key(of: exchange, scope: route.scope) else { return try next(exchange) }
            exchange.context.grant = GrantedStream(keys: keys, key: key, scope: route.scope)
            return try next(exchange).map(exchange) { response, exchange in
                guard let stream = exchange.context.takeGrant() else { return response }
                return stream.bound(response)
            }
        }
    }

    /// Returns the key that may use the route; none where whoever shows none may.
    private func key(of exchange: Exchange, scope: Scope) throws(Problem) -> AccessKey? {
        guard let key = exchange.context.key else {
            let isShown = Self.bearerToken(of: exchange.request) != nil
            guard isShown || anonymous != scope else { return nil }
            throw isShown ? Self.unknownKey : Self.missingKey
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
        return key
    }

    private static let missingKey = Problem(
        .unauthorized,
        "This server wants a key: Authorization: Bearer KEY.",
        fields: [.wwwAuthenticate: #"Bearer realm="callpath""#]
    )

    private static let unknownKey = Problem(
        .unauthorized,
        "This key is not known here.",
        fields: [.wwwAuthenticate: #"Bearer realm="callpath", error="invalid_token""#]
    )

    /// Returns the token of a value like `Bearer abc`; the scheme has no case, and any number of blanks stands around the token.
    private static func bearerToken(of request: Request) -> ArraySlice<UInt8>? {
        // Blanks around the value are off already.
        guard let value = request.fields.onlyOctets(of: .authorization),
            let end = value.firstIndex(where: isBlank),
            value[..<end].elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 })
        else { return nil }
        let token = value[end...].drop(while: isBlank)
        return token.isEmpty || token.contains(where: isBlank) ? nil : token
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == UInt8(ascii: " ") || octet == UInt8(ascii: "\t") }
}
