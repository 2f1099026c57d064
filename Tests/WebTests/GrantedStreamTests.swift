import Testing

@testable import Web

/// What a key was granted over time ends with the key, and not as if it were whole.
struct GrantedStreamTests {
    private static let key = AccessKey(name: "ci", scopes: [.infer], digest: KeyDigest(of: "secret"))

    /// Runs a stream that would go on for ever, lets `keys` in once it runs, and returns once it has ended.
    private func run(_ scope: Scope = .infer, replacedBy keys: [AccessKey]) async throws {
        let ring = KeyRing([Self.key])
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        async let stream: Void = GrantedStream(keys: ring, key: Self.key, scope: scope).run {
            continuation.yield()
            try await Task.sleep(for: .seconds(3_600))
        }
        for await _ in started { break }
        ring.replace(with: keys)
        try await stream
    }

    @Test(arguments: [
        [], [AccessKey(name: "other", scopes: [.infer], digest: KeyDigest(of: "secret"))],
        [AccessKey(name: "ci", scopes: [.infer], digest: KeyDigest(of: "new secret"))],
        [AccessKey(name: "ci", scopes: [], digest: KeyDigest(of: "secret"))],
    ])
    func isCutWhenItsKeyIsGone(keys: [AccessKey]) async {
        await #expect(throws: GrantedStream.Revoked.self) { try await run(replacedBy: keys) }
    }

    @Test func isCutWhenItsKeyWasGoneBeforeItBegan() async {
        await #expect(throws: GrantedStream.Revoked.self) {
            try await GrantedStream(keys: KeyRing([]), key: Self.key, scope: .infer).run {
                try await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    /// One that ends because its work was cancelled has no more to say than one that fails.
    @Test func isCutThoughItsWorkEndsAsIfItWereWhole() async {
        await #expect(throws: GrantedStream.Revoked.self) {
            try await GrantedStream(keys: KeyRing([]), key: Self.key, scope: .infer).run {
                try? await Task.sleep(for: .seconds(3_600))
            }
        }
    }

    @Test func aClientThatGoesIsNoRevocation() async {
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        let stream = Task {
            try await GrantedStream(keys: KeyRing([Self.key]), key: Self.key, scope: .infer).run {
                continuation.yield()
                try await Task.sleep(for: .seconds(3_600))
            }
        }
        for await _ in started { break }
        stream.cancel()
        await #expect(throws: CancellationError.self) { try await stream.value }
    }

    @Test(arguments: [
        [key], [key, AccessKey(name: "new", scopes: [.admin], digest: KeyDigest(of: "x"))],
        [AccessKey(name: "ci", scopes: [.admin], digest: KeyDigest(of: "secret"))],
    ])
    func goesOnWhileItsKeyIsThere(keys: [AccessKey]) async throws {
        let ring = KeyRing([Self.key])
        try await GrantedStream(keys: ring, key: Self.key, scope: .infer).run {
            ring.replace(with: keys)
            try Task.checkCancellation()
        }
    }

    @Test func anErrorOfTheStreamIsItsOwn() async {
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await GrantedStream(keys: KeyRing([Self.key]), key: Self.key, scope: .infer).run { throw Failure() }
        }
    }
}
