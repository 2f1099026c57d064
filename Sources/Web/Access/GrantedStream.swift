import HTTP

/// A stream that goes on as long as the key of its client is let in.
struct GrantedStream {
    let keys: KeyRing
    let key: AccessKey
    let scope: Scope

    /// Returns `response` with its content, if it comes over time, bound to the key.
    func bound(_ response: consuming Response) -> Response {
        guard case .stream(let produce) = response.body else { return response }
        response.body = .stream { [self] writer in try await run { try await produce(writer) } }
        return response
    }

    /// Runs `produce`, and cancels it when the key is revoked: the answer ends there, and that is no error.
    func run(_ produce: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await produce() }
            group.addTask { await keys.revocation(of: key, for: scope) }
            _ = try await group.next()
            group.cancelAll()
        }
    }
}
