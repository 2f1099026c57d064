import Synchronization

/// The keys that are let in, replaced as a whole when their file is read again.
package final class KeyRing: Sendable {
    /// Somebody who holds on to what a key was granted.
    private struct Holder {
        let key: AccessKey
        let scope: Scope
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var keys: [AccessKey]
        var holders: [Int: Holder] = [:]
        var lastNumber = 0

        /// Whether a key that was let in still is, under its name, with its digest and for `scope`.
        func admits(_ key: AccessKey, for scope: Scope) -> Bool {
            keys.contains { $0.name == key.name && $0.digest == key.digest && $0.allows(scope) }
        }
    }

    private let state: Mutex<State>

    /// Creates a ring of `keys`.
    package init(_ keys: [AccessKey]) {
        state = Mutex(State(keys: keys))
    }

    /// Lets in `keys` instead of those so far; streams end that others were granted, other requests in flight finish.
    package func replace(with keys: [AccessKey]) {
        let revoked = state.withLock { state in
            state.keys = keys
            let revoked = state.holders.filter { !state.admits($0.value.key, for: $0.value.scope) }
            for number in revoked.keys { state.holders[number] = nil }
            return revoked.values.map(\.continuation)
        }
        for continuation in revoked { continuation.resume() }
    }

    /// Returns the key that a client shows, comparing it with every one so that time tells nothing.
    package func key(matching shown: ArraySlice<UInt8>) -> AccessKey? {
        let digest = KeyDigest(of: shown)
        return state.withLock { state in
            var found: Int?
            for place in state.keys.indices { found = state.keys[place].digest == digest ? place : found }
            return found.map { state.keys[$0] }
        }
    }

    /// Returns once `key` is not let in for `scope` any more, or the task is cancelled.
    func revocation(of key: AccessKey, for scope: Scope) async {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.admits(key, for: scope), !Task.isCancelled else { return true }
                    state.holders[number] = Holder(key: key, scope: scope, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.holders.removeValue(forKey: number) }?.continuation.resume()
        }
    }
}
