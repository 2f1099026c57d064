import Foundation
import Store

/// What a store should hold: the parts of each version of each record.
struct StoreModel: Equatable {
    var records: [String: [Int: [String: [UInt8]]]] = [:]
    var revision = 0
    var counters = StoreCounters()

    mutating func apply(_ change: StoreChange, _ counters: StoreCounters) {
        for step in change.steps {
            switch step {
            case .put(let name, let version, _, let parts, let replacesAll):
                let last = records[name]?.max { $0.key < $1.key }?.value ?? [:]
                var now = replacesAll ? [:] : last
                for (key, part) in parts { now[key] = part?.bytes }
                records[name, default: [:]][version] = now
            case .setHeader: break
            case .drop(let name, let version):
                records[name]?[version] = nil
                if records[name]?.isEmpty ?? false { records[name] = nil }
            }
        }
        revision += 1
        self.counters = counters
    }

    init() {}

    /// Reads all that a store holds.
    init(of store: Store) throws {
        revision = store.revision
        counters = store.counters
        for record in try store.records() {
            if let damage = record.damage { throw StoreError.damaged(reason: damage) }
            let parts = try store.parts(of: record.name, version: record.version)
            let pairs = try parts.keys.map { ($0, try parts.contents(of: $0)) }
            records[record.name, default: [:]][record.version] = Dictionary(uniqueKeysWithValues: pairs)
        }
    }
}

/// Changes such as a registry makes, the same ones for the same seed.
struct Workload {
    private var generator: SplitMix
    private(set) var model = StoreModel()
    private var highest = 0
    private let names = ["fc", "net", "encoder", "a-long-name-of-a-module"]
    /// Whether no part is a file, and most changes are of one part.
    private let isSmall: Bool

    init(seed: UInt64, isSmall: Bool = false) {
        generator = SplitMix(seed: seed)
        self.isSmall = isSmall
    }

    private mutating func bytes() -> [UInt8] {
        // Few kinds, so that equal ones meet.
        let kind = Int.random(in: 0..<(isSmall ? 3 : 6), using: &generator)
        return [UInt8](repeating: UInt8(kind + 1), count: [3, 40, 700, 1_500, 2_600, 5_000][kind])
    }

    private mutating func part() -> StorePart {
        let bytes = bytes()
        return StorePart(BytesPieces(bytes: bytes), isFile: bytes.count > 1_000)
    }

    /// Returns the next change, and the counters that go with it.
    mutating func next() -> (StoreChange, StoreCounters) {
        guard let name = names.randomElement(using: &generator) else { return (StoreChange(), model.counters) }
        let versions = model.records[name]?.keys.sorted() ?? []
        var steps: [StoreStep] = []
        // Small ones seldom go, or come as a whole.
        var dice = Int.random(in: 0..<10, using: &generator)
        if isSmall, Int.random(in: 0..<5, using: &generator) > 0 { dice += 5 }
        if dice < 2, !versions.isEmpty {
            steps = versions.map { .drop(name: name, version: $0) }
        } else {
            highest += 1
            let isWhole = versions.isEmpty || dice < 5
            var parts: [String: StorePart?] = [:]
            for key in isWhole ? ["weight", "bias", "config"] : ["bias"] { parts[key] = .some(part()) }
            if !isWhole, dice == 9, !isSmall { parts["weight"] = .some(nil) }
            steps = [
                .put(
                    name: name,
                    version: highest,
                    header: Array("v\(highest)".utf8),
                    parts: parts,
                    replacesAll: isWhole
                )
            ]
            if versions.count > 1 { steps.append(.drop(name: name, version: versions[0])) }
        }
        return (StoreChange(steps), StoreCounters(floor: highest, highestVersion: highest, nextHook: dice))
    }

    mutating func accept(_ change: StoreChange, _ counters: StoreCounters) {
        model.apply(change, counters)
    }
}

/// Bytes in two pieces, as a header and a tensor are.
struct BytesPieces: PartSource {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func forEachPiece<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        let middle = bytes.count / 3
        for piece in [bytes[..<middle], bytes[middle...]] {
            try Array(piece).withUnsafeBufferPointer { (buffer) throws(Failure) in
                try body(UnsafeRawBufferPointer(buffer))
            }
        }
    }
}

extension Store {
    /// Makes one change as a registry does.
    func make(_ change: StoreChange, _ counters: StoreCounters) throws(StoreError) {
        let prepared = try prepare(change)
        _ = try commit([prepared], counters: counters)
        tidy()
    }
}

/// A folder of a test, in memory where the system has such a place: what a cut leaves is worked out, not waited for.
final class TestFolder {
    let path: String

    init() throws {
        let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        path = "\(memory)/callpath-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
