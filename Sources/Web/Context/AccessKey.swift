/// A key that a client shows, of which the server knows only the digest.
package struct AccessKey: Sendable, Equatable {
    /// What logs and limits call its holder.
    package let name: String
    /// What its holder may do; `admin` includes `infer`.
    package let scopes: Set<Scope>
    /// The SHA-256 digest of the key.
    package let digest: KeyDigest

    /// Returns whether its holder may use a route of `scope`.
    package func allows(_ scope: Scope) -> Bool {
        scope == .open || scopes.contains(scope) || scopes.contains(.admin)
    }
}

/// What a caller must be allowed to do before a route answers.
package enum Scope: String, Sendable {
    /// Anyone: health and the interface's own description.
    case open
    /// Reading and calling modules.
    case infer
    /// Changing modules and hooks.
    case admin
}
