import Foundation

/// What may be on a disk when the power goes: what was synced, and any part of what was not.
struct PowerCut {
    private enum Pending {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    private struct File {
        var synced: [UInt8] = []
        var pending: [Pending] = []
    }

    private enum EntryChange {
        case add(String, Int?)
        case remove(String)
    }

    /// The entries of a folder: the file's number, or `nil` for a folder.
    private struct Folder {
        var synced: [String: Int?] = [:]
        var pending: [EntryChange] = []
        var current: [String: Int?] = [:]
    }

    private var files: [Int: File] = [:]
    private var folders: [String: Folder] = ["": Folder()]

    /// How much of what was not synced survives.
    enum Survival: Sendable {
        case nothing, everything
        case some(seed: UInt64)
    }

    mutating func apply(_ event: DiskEvent) {
        switch event {
        case .makeFolder(let path):
            guard !path.isEmpty, folders[path] == nil else { return }
            folders[path] = Folder()
            change(path, .add(name(path), nil))
        case .create(let path, let file): change(path, .add(name(path), file))
        case .write(let file, let offset, let bytes):
            files[file, default: File()].pending.append(.write(offset: offset, bytes: bytes))
        case .truncate(let file, let size): files[file, default: File()].pending.append(.truncate(size))
        case .sync(let file):
            guard var synced = files[file] else { return }
            for pending in synced.pending { Self.apply(pending, to: &synced.synced) }
            synced.pending = []
            files[file] = synced
        case .syncFolder(let path):
            guard var folder = folders[path] else { return }
            for change in folder.pending { Self.apply(change, to: &folder.synced) }
            folder.pending = []
            folders[path] = folder
        case .link(let file, let path): change(path, .add(name(path), file))
        case .rename(let path, let target):
            guard case let file?? = folders[parent(path)]?.current[name(path)] else { return }
            change(path, .remove(name(path)))
            change(target, .add(name(target), file))
        case .remove(let path): change(path, .remove(name(path)))
        }
    }

    private mutating func change(_ path: String, _ change: EntryChange) {
        folders[parent(path)]?.pending.append(change)
        if var folder = folders[parent(path)] {
            Self.apply(change, to: &folder.current)
            folders[parent(path)] = folder
        }
    }

    private func parent(_ path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

    private func name(_ path: String) -> String {
        String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
    }

    private static func apply(_ change: EntryChange, to entries: inout [String: Int?]) {
        switch change {
        case .add(let name, let file): entries[name] = .some(file)
        case .remove(let name): entries[name] = nil
        }
    }

    private static func apply(_ pending: Pending, to bytes: inout [UInt8]) {
        switch pending {
        case .write(let offset, let piece):
            let end = offset + piece.count
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(offset..<end, with: piece)
        case .truncate(let size):
            bytes = Array(bytes.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - bytes.count))
        }
    }

    // MARK: The disk afterwards

    /// Puts into `root` what survived.
    func write(to root: String, _ survival: Survival) throws {
        var generator = SplitMix(seed: 0)
        if case .some(let seed) = survival { generator = SplitMix(seed: seed) }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try write("", to: root, survival, &generator)
    }

    private func write(
        _ path: String,
        to root: String,
        _ survival: Survival,
        _ generator: inout SplitMix
    ) throws {
        guard let folder = folders[path] else { return }
        var entries = folder.synced
        for change in folder.pending where Self.survives(survival, &generator) { Self.apply(change, to: &entries) }
        for (name, file) in entries.sorted(by: { $0.key < $1.key }) {
            let inner = path + "/" + name
            guard let file else {
                mkdir(root + inner, 0o700)
                try write(inner, to: root, survival, &generator)
                continue
            }
            let bytes = contents(of: file, survival, &generator)
            try Data(bytes).write(to: URL(filePath: root + inner))
        }
    }

    private func contents(of file: Int, _ survival: Survival, _ generator: inout SplitMix) -> [UInt8] {
        guard let file = files[file] else { return [] }
        var bytes = file.synced
        for pending in file.pending where Self.survives(survival, &generator) {
            Self.apply(torn(pending, survival, &generator), to: &bytes)
        }
        return bytes
    }

    /// Returns a write of which only some sectors arrive, now and then.
    private func torn(_ pending: Pending, _ survival: Survival, _ generator: inout SplitMix) -> Pending {
        guard case .some = survival, case .write(let offset, let bytes) = pending, bytes.count > 512,
            generator.next() % 3 == 0
        else { return pending }
        let sectors = 1 + Int(generator.next() % UInt64(bytes.count / 512))
        return .write(offset: offset, bytes: Array(bytes.prefix(sectors * 512)))
    }

    private static func survives(_ survival: Survival, _ generator: inout SplitMix) -> Bool {
        switch survival {
        case .nothing: false
        case .everything: true
        case .some: generator.next() & 1 == 0
        }
    }
}

/// The same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
