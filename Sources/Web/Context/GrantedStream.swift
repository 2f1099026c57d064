import HTTP

/// A stream that goes on as long as the key of its client is let in.
package struct GrantedStream: Sendable {
    /// The key is let in no more: what was sent is not the whole.
    package struct Revoked: Error {}

    let keys: KeyRing
    let key: AccessKey
    let scope: Scope

    /// Returns `response` with its content, if it comes over time, bound to the key.
    func bound(_ response: consuming Response) -> Response {
        guard case .stream(let produce) = response.body else { return response }
        response.body = .stream { [self] writer in try await run { try await produce(writer) } }
        return response
    }

    /// Runs `produce`, and cancels it when the key is revoked.
    ///
    /// - Throws: `Revoked` in that case, so that the client does not take what it has for the whole.
    package func run(_ produce: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await produce()
                return true
            }
            group.addTask {
                await keys.revocation(of: key, for: scope)
                return false
            }
            defer { group.cancelAll() }
            guard try await group.next() == false else { return }
            // A client that has gone ends the wait for a revocation too.
            try Task.checkCancellation()
            throw Revoked()
        }
    }
}
