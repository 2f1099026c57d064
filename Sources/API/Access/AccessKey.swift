/// A key that a client shows, of which the server knows only the digest.
package struct AccessKey: Sendable, Equatable {
    /// What logs and limits call its holder.
    package let name: String
    /// What its holder may do; `admin` includes `infer`.
    package let scopes: Set<Route.Scope>
    /// The SHA-256 digest of the key.
    package let digest: KeyDigest

    /// Returns whether its holder may use a route of `scope`.
    package func allows(_ scope: Route.Scope) -> Bool {
        scope == .open || scopes.contains(scope) || scopes.contains(.admin)
    }
}
