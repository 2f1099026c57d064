import Synchronization
import Web

/// The file of access keys, and the ring of those that are let in.
final class KeyFileReader: Sendable {
    /// A reason why the file does not serve.
    enum Failure: Error, CustomStringConvertible {
        case unreadable(path: String, NamedFile.Failure)
        case tooLarge(path: String, limit: Int)
        case malformed(path: String, KeyFile.Failure)

        var description: String {
            switch self {
            case .unreadable(let path, let reason): "--keys: cannot read '\(path)': \(reason)"
            case .tooLarge(let path, let limit): "--keys: '\(path)' has more than \(limit) bytes"
            case .malformed(let path, let failure): "--keys: \(path): \(failure)"
            }
        }
    }

    let path: String
    let ring: KeyRing
    /// What was read last, `nil` if nothing could be: a file that stays broken is told of once.
    private let seen: Mutex<[UInt8]?>

    init(path: String) throws {
        self.path = path
        let bytes = try Self.bytes(of: path)
        seen = Mutex(bytes)
        ring = KeyRing(try Self.keys(in: bytes, path: path))
    }

    /// Lets in the keys that stand in the file now.
    func reload() throws {
        seen.withLock { $0 = nil }
        let bytes = try Self.bytes(of: path)
        seen.withLock { $0 = bytes }
        ring.replace(with: try Self.keys(in: bytes, path: path))
    }

    /// Lets in the keys that stand in the file if it has changed, and returns whether it has.
    func reloadIfChanged() throws -> Bool {
        let last = seen.withLock { $0 }
        guard last != (try? Self.bytes(of: path)) else { return false }
        try reload()
        return true
    }

    private static func bytes(of path: String) throws(Failure) -> [UInt8] {
        do {
            return try NamedFile.bytes(of: path, limit: KeyFile.maximumByteCount)
        } catch {
            throw .unreadable(path: path, error)
        }
    }

    private static func keys(in bytes: [UInt8], path: String) throws(Failure) -> [AccessKey] {
        guard bytes.count <= KeyFile.maximumByteCount else {
            throw .tooLarge(path: path, limit: KeyFile.maximumByteCount)
        }
        do {
            return try KeyFile.parse(bytes)
        } catch {
            throw .malformed(path: path, error)
        }
    }
}
