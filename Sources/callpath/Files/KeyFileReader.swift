import Web

/// The file of access keys, and the ring of those that are let in.
struct KeyFileReader {
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

    init(path: String) throws {
        self.path = path
        ring = KeyRing(try Self.keys(in: path))
    }

    /// Lets in the keys that stand in the file now.
    func reload() throws {
        ring.replace(with: try Self.keys(in: path))
    }

    private static func keys(in path: String) throws(Failure) -> [AccessKey] {
        let bytes: [UInt8]
        do {
            bytes = try NamedFile.bytes(of: path, limit: KeyFile.maximumByteCount)
        } catch {
            throw .unreadable(path: path, error)
        }
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
