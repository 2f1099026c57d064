import Synchronization

/// The keys that are let in, replaced as a whole when their file is read again.
package final class KeyRing: Sendable {
    private let keys: Mutex<[AccessKey]>

    /// Creates a ring of `keys`.
    package init(_ keys: [AccessKey]) {
        self.keys = Mutex(keys)
    }

    /// Lets in `keys` instead of those so far; requests in flight keep what they were granted.
    package func replace(with keys: [AccessKey]) {
        self.keys.withLock { $0 = keys }
    }

    /// Returns the key that a client shows, comparing it with every one so that time tells nothing.
    package func key(matching shown: String) -> AccessKey? {
        let digest = KeyDigest(of: shown)
        return keys.withLock { $0 }.reduce(nil) { found, key in key.digest == digest ? key : found }
    }
}
