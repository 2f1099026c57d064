import Store

/// The steps of changes as columns, as the function `callpath.apply` takes them.
struct StepTable {
    private var kinds: [Int?] = []
    private var names: [String?] = []
    private var versions: [Int?] = []
    private var keys: [String?] = []
    private var bytes: [[UInt8]?] = []
    private var hashes: [[UInt8]?] = []
    private var sizes: [Int?] = []
    private var identities: [String?] = []
    private var rounds: [Int?] = []
    private var dropped: Set<String> = []
    /// How many versions of a name have begun.
    private var begun: [String: Int] = [:]

    private enum Kind: Int {
        case begin = 1
        case add, close, end, setHeader, drop, tidy
    }

    private mutating func append(
        _ kind: Kind,
        _ name: String,
        _ version: Int? = nil,
        key: String? = nil,
        bytes: [UInt8]? = nil,
        hash: Digest? = nil,
        size: Int? = nil,
        identity: Digest? = nil
    ) {
        kinds.append(kind.rawValue)
        names.append(name)
        versions.append(version)
        keys.append(key)
        self.bytes.append(bytes)
        hashes.append(hash?.bytes)
        sizes.append(size)
        identities.append(identity.map { "x\($0.hexadecimal)" })
        if kind == .begin { begun[name, default: 0] += 1 }
        rounds.append(begun[name] ?? 0)
    }

    /// Adds the steps of a change whose files are in the database.
    mutating func append(_ prepared: PreparedChange) {
        for step in prepared.change.steps {
            switch step {
            case .put(let name, let version, let header, let parts, let replacesAll):
                append(.begin, name, version, size: replacesAll ? 1 : 0)
                for (key, part) in parts {
                    if !replacesAll { append(.close, name, version, key: key) }
                    guard let part else { continue }
                    let file = prepared.files[PartPlace(name: name, version: version, key: key)]
                    append(part, key, of: name, version, file)
                }
                append(.end, name, version, bytes: header, hash: Self.digest(name, version, header))
            case .setHeader(let name, let version, let header):
                append(.setHeader, name, version, bytes: header, hash: Self.digest(name, version, header))
            case .drop(let name, let version):
                append(.drop, name, version)
                dropped.insert(name)
            }
        }
    }

    private mutating func append(
        _ part: StorePart,
        _ key: String,
        of name: String,
        _ version: Int,
        _ file: Digest?
    ) {
        let bytes = file == nil ? part.bytes : nil
        let row = PartRow(
            name: name,
            key: key,
            since: version,
            byteCount: part.source.byteCount,
            hash: file ?? Digest(of: bytes ?? []),
            bytes: bytes
        )
        append(
            .add,
            name,
            version,
            key: key,
            bytes: bytes,
            hash: row.hash,
            size: part.source.byteCount,
            identity: row.identity
        )
    }

    /// The digest of a header; what its parts come to stands beside it, and checks itself.
    static func digest(_ name: String, _ version: Int, _ header: [UInt8]) -> Digest {
        StoreRecord.digest(name: name, version: version, header: header, content: .zero)
    }

    /// The columns.
    var values: [PostgresValue] {
        mutating get {
            for name in dropped.sorted() { append(.tidy, name) }
            dropped = []
            return [
                .ints(kinds), .texts(names), .ints(versions), .texts(keys), .byteArrays(bytes), .byteArrays(hashes),
                .ints(sizes), .texts(identities), .ints(rounds),
            ]
        }
    }
}

extension SharedTerms {
    /// The columns.
    var values: [PostgresValue] {
        let held = held.sorted { $0.name < $1.name }
        return [
            .texts(held.map(\.name)), .ints(held.map { $0.isAny ? -1 : $0.version }), .ints(held.map(\.next)),
            .texts(held.map { $0.users?.joined(separator: ",") }), .bools(held.map(\.isShared)),
            .texts(touched.map(\.name)), .ints(touched.map { $0.version ?? -1 }), .bools(touched.map(\.isDeleted)),
            .texts(touched.map { $0.references?.sorted().joined(separator: ",") }),
        ]
    }
}
