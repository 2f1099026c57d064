/// Changes that are durable and that the tables of records and parts do not have yet.
///
/// A change of a few small parts is one row of bytes when it is made: a page or two, where the tables take six. Some hundreds of
/// them go into the tables together, and nothing does of versions that came and went meanwhile.
struct WaitingChanges {
    private(set) var changes: [StoreChange] = []
    /// The names of which something waits.
    private(set) var names: Set<String> = []
    private(set) var byteCount = 0

    var isEmpty: Bool { changes.isEmpty }

    /// Adds changes whose row has `byteCount` bytes.
    mutating func append(_ more: [StoreChange], byteCount: Int) {
        changes += more
        self.byteCount += byteCount
        for step in more.lazy.flatMap(\.steps) { names.insert(step.name) }
    }

    // MARK: What becomes of them together

    /// What is left of the steps of one name.
    private struct Rest {
        var puts: [(version: Int, header: [UInt8], parts: [String: StorePart?])] = []
        var headers: [StoreStep] = []
        var drops: [StoreStep] = []
    }

    /// Returns changes that lead to the same versions, without those that went again.
    ///
    /// What such a version brought is part of the next one, as it is for whoever reads.
    var merged: [StoreChange] {
        var order: [String] = []
        var rests: [String: Rest] = [:]
        for step in changes.lazy.flatMap(\.steps) {
            if rests[step.name] == nil { order.append(step.name) }
            Self.add(step, to: &rests[step.name, default: Rest()])
        }
        return order.flatMap { name in rests[name].map { Self.changes(of: name, $0) } ?? [] }
    }

    private static func add(_ step: StoreStep, to rest: inout Rest) {
        switch step {
        case .put(_, let version, let header, let parts, _): rest.puts.append((version, header, parts))
        case .setHeader(_, let version, let header):
            if let index = rest.puts.firstIndex(where: { $0.version == version }) {
                rest.puts[index].header = header
            } else {
                rest.headers.append(step)
            }
        case .drop(_, let version):
            guard let index = rest.puts.firstIndex(where: { $0.version == version }), index + 1 < rest.puts.count else {
                return rest.drops.append(step)
            }
            let gone = rest.puts.remove(at: index)
            rest.puts[index].parts.merge(gone.parts) { new, _ in new }
        }
    }

    /// Each version comes with one that goes, whose rows it takes.
    private static func changes(of name: String, _ rest: Rest) -> [StoreChange] {
        var changes = rest.headers.isEmpty ? [] : [StoreChange(rest.headers)]
        for index in 0..<max(rest.puts.count, rest.drops.count) {
            var change = StoreChange()
            if rest.puts.indices.contains(index) {
                let put = rest.puts[index]
                change.steps.append(
                    .put(name: name, version: put.version, header: put.header, parts: put.parts, replacesAll: false)
                )
            }
            if rest.drops.indices.contains(index) { change.steps.append(rest.drops[index]) }
            changes.append(change)
        }
        return changes
    }
}

// MARK: The row of a commit

extension WaitingChanges {
    /// What a row says.
    struct Row {
        /// The revision before it.
        var before = 0
        var counters = StoreCounters()
        var changes: [StoreChange] = []
    }

    private enum Kind: UInt8 {
        case put = 1
        case setHeader, drop
    }

    /// Returns the digest of a row.
    static func digest(revision: Int, _ body: [UInt8]) -> Digest {
        var hash = SHA256Hash()
        hash.add(revision)
        hash.add(body)
        return hash.finish()
    }

    /// Returns the bytes of a row.
    static func body(_ row: Row) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(row.changes.reduce(64) { $0 + $1.byteCount + 192 })
        for number in [row.before, row.counters.floor, row.counters.highestVersion, row.counters.nextHook] {
            bytes.append(number)
        }
        bytes.append(row.changes.count)
        for change in row.changes {
            bytes.append(change.steps.count)
            for step in change.steps { append(step, to: &bytes) }
        }
        return bytes
    }

    private static func append(_ step: StoreStep, to bytes: inout [UInt8]) {
        switch step {
        case .put(let name, let version, let header, let parts, _):
            bytes.append(Kind.put.rawValue)
            bytes.append(name)
            bytes.append(version)
            bytes.append(field: header)
            bytes.append(parts.count)
            for case (let key, let part?) in parts {
                bytes.append(key)
                bytes.append(part.source.byteCount)
                part.source.forEachPiece { bytes.append(contentsOf: $0) }
            }
        case .setHeader(let name, let version, let header):
            bytes.append(Kind.setHeader.rawValue)
            bytes.append(name)
            bytes.append(version)
            bytes.append(field: header)
        case .drop(let name, let version):
            bytes.append(Kind.drop.rawValue)
            bytes.append(name)
            bytes.append(version)
        }
    }

    /// Returns what the bytes of a row say; `nil` if they say nothing.
    static func row(in bytes: [UInt8]) -> Row? {
        var reader = RowReader(bytes: bytes[...])
        guard let before = reader.number(), let floor = reader.number(), let highest = reader.number(),
            let nextHook = reader.number(), let count = reader.number(), count >= 0
        else { return nil }
        var row = Row(before: before)
        row.counters = StoreCounters(floor: floor, highestVersion: highest, nextHook: nextHook)
        for _ in 0..<count {
            guard let stepCount = reader.number(), stepCount >= 0 else { return nil }
            var change = StoreChange()
            for _ in 0..<stepCount {
                guard let step = step(from: &reader) else { return nil }
                change.steps.append(step)
            }
            row.changes.append(change)
        }
        return reader.bytes.isEmpty ? row : nil
    }

    private static func step(from reader: inout RowReader) -> StoreStep? {
        guard let kind = reader.byte().flatMap(Kind.init), let name = reader.text(), let version = reader.number()
        else {
            return nil
        }
        switch kind {
        case .drop: return .drop(name: name, version: version)
        case .setHeader: return reader.field().map { .setHeader(name: name, version: version, header: Array($0)) }
        case .put:
            guard let header = reader.field(), let count = reader.number(), count >= 0 else { return nil }
            var parts: [String: StorePart?] = [:]
            for _ in 0..<count {
                guard let key = reader.text(), let bytes = reader.field() else { return nil }
                parts[key] = .some(StorePart(Array(bytes)))
            }
            return .put(name: name, version: version, header: Array(header), parts: parts, replacesAll: false)
        }
    }
}

/// Takes fields off the front of some bytes.
private struct RowReader {
    var bytes: ArraySlice<UInt8>

    mutating func byte() -> UInt8? { bytes.popFirst() }

    mutating func number() -> Int? {
        guard bytes.count >= 8 else { return nil }
        defer { bytes.removeFirst(8) }
        return Int(bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }.signed)
    }

    mutating func field() -> ArraySlice<UInt8>? {
        guard let count = number(), count >= 0, count <= bytes.count else { return nil }
        defer { bytes.removeFirst(count) }
        return bytes.prefix(count)
    }

    mutating func text() -> String? { field().map { String(decoding: $0, as: UTF8.self) } }
}

extension UInt64 {
    fileprivate var signed: Int64 { Int64(bitPattern: self) }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: Int) {
        Swift.withUnsafeBytes(of: Int64(number).littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(field: [UInt8]) {
        append(field.count)
        append(contentsOf: field)
    }

    fileprivate mutating func append(_ text: String) {
        append(text.utf8.count)
        append(contentsOf: text.utf8)
    }
}

extension StoreStep {
    /// The name of the record that it is about.
    var name: String {
        switch self {
        case .put(let name, _, _, _, _), .setHeader(let name, _, _), .drop(let name, _): name
        }
    }
}
