import CRecordingDisk
import Foundation
import Store
import Synchronization

/// What was done to a disk, by the identity of the file; paths are those below the folder.
enum DiskEvent: Sendable {
    case makeFolder(String)
    case create(String, file: Int)
    case write(file: Int, offset: Int, bytes: [UInt8])
    case truncate(file: Int, size: Int)
    case sync(file: Int)
    case syncFolder(String)
    case link(file: Int, String)
    case rename(String, String)
    case remove(String)
}

/// A disk that does what it is told, writes it down, and fails at one operation if it should; SQLite's too.
final class RecordingDisk: Disk {
    /// Which operations are left out of the record, as if a program had forgotten them.
    enum Forgotten: String, CaseIterable, Sendable {
        case nothing, logSyncs, fileSyncs, folderSyncs
    }

    private struct State {
        var events: [DiskEvent] = []
        var files: [String: Int] = [:]
        var descriptors: [Int32: Int] = [:]
        var sizes: [Int: Int] = [:]
        var nextFile = 0
        var newLogs: Set<Int> = []
        var operationCount = 0
        var fault: (operation: Int, number: Int32, isLasting: Bool)?
    }

    private let root: String
    private let disk = SystemDisk()
    private let forgotten: Forgotten
    private let state = Mutex(State())
    let databaseSystem: String?

    init(root: String, forgotten: Forgotten = .nothing) {
        self.root = root
        self.forgotten = forgotten
        let name = "recording-\(UUID().uuidString)"
        databaseSystem = name
        let observer: crecording_observer = { context, operation, path, offset, bytes, count in
            guard let context, let path else { return 0 }
            let disk = Unmanaged<RecordingDisk>.fromOpaque(context).takeUnretainedValue()
            let piece = Array(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(count)))
            return disk.observe(operation, String(cString: path), Int(offset), piece)
        }
        // SQLite keeps a registered file system for ever.
        crecording_register(name, observer, Unmanaged.passRetained(self).toOpaque())
    }

    /// What happened so far.
    var events: [DiskEvent] { state.withLock { $0.events } }
    /// How many operations there were that can fail.
    var operationCount: Int { state.withLock { $0.operationCount } }

    /// Lets the `operation`th operation from now fail, and those after it too if the disk is gone for good.
    func fail(at operation: Int, number: Int32, isLasting: Bool) {
        state.withLock { $0.fault = ($0.operationCount + operation, number, isLasting) }
    }

    func heal() {
        state.withLock { $0.fault = nil }
    }

    private func local(_ path: String) -> String { String(path.dropFirst(root.count)) }

    private func failure(_ state: inout State) -> Int32? {
        state.operationCount += 1
        guard let fault = state.fault else { return nil }
        let isNow = state.operationCount == fault.operation || fault.isLasting && state.operationCount > fault.operation
        return isNow ? fault.number : nil
    }

    private func record(_ name: String, _ path: String, _ body: (inout State) -> Void) throws(DiskError) {
        let number = state.withLock { state in
            if let number = failure(&state) { return number }
            body(&state)
            return 0
        }
        if number != 0 { throw DiskError(name, path, number) }
    }

    private func observe(_ operation: crecording_operation, _ path: String, _ offset: Int, _ bytes: [UInt8]) -> Int32 {
        state.withLock { state in
            if let number = failure(&state) { return number }
            let name = local(path)
            switch operation {
            case crecording_create where state.files[name] == nil:
                let file = Self.create(name, &state)
                if name.hasSuffix("-wal") || name.hasSuffix("-journal") { state.newLogs.insert(file) }
            case crecording_create: break
            case crecording_delete:
                state.files[name] = nil
                state.events.append(.remove(name))
                if offset != 0 { state.events.append(.syncFolder("")) }
            default:
                guard let file = state.files[name] else { return 0 }
                observe(operation, file, name, offset, bytes, &state)
            }
            return 0
        }
    }

    private func observe(
        _ operation: crecording_operation,
        _ file: Int,
        _ name: String,
        _ offset: Int,
        _ bytes: [UInt8],
        _ state: inout State
    ) {
        switch operation {
        case crecording_write: state.events.append(.write(file: file, offset: offset, bytes: bytes))
        case crecording_truncate: state.events.append(.truncate(file: file, size: offset))
        default:
            if forgotten == .logSyncs, name.hasSuffix("-wal") { return }
            state.events.append(.sync(file: file))
            // SQLite syncs the folder of a log with its first sync.
            if state.newLogs.remove(file) != nil { state.events.append(.syncFolder("")) }
        }
    }

    private static func create(_ path: String, _ state: inout State) -> Int {
        let file = state.nextFile
        state.nextFile += 1
        state.files[path] = file
        state.events.append(.create(path, file: file))
        return file
    }

    // MARK: Disk

    func makeFolder(_ path: String) throws(DiskError) {
        guard try disk.size(of: path) == nil else { return }
        try record("mkdir", path) { $0.events.append(.makeFolder(local(path))) }
        try disk.makeFolder(path)
    }

    func names(in folder: String) throws(DiskError) -> [String] { try disk.names(in: folder) }

    func size(of path: String) throws(DiskError) -> Int? { try disk.size(of: path) }

    func open(_ path: String) throws(DiskError) -> DiskFile { try disk.open(path) }

    func openOrCreate(_ path: String) throws(DiskError) -> DiskFile {
        if try disk.size(of: path) == nil {
            try record("open", path) { state in _ = Self.create(local(path), &state) }
        }
        return try disk.openOrCreate(path)
    }

    func createUnnamed(in folder: String) throws(DiskError) -> DiskFile {
        try record("open", folder) { _ in }
        let file = try disk.createUnnamed(in: folder)
        state.withLock { state in
            state.descriptors[file.descriptor] = state.nextFile
            state.sizes[state.nextFile] = 0
            state.nextFile += 1
        }
        return file
    }

    func append(_ bytes: UnsafeRawBufferPointer, to file: DiskFile) throws(DiskError) {
        let piece = Array(bytes)
        try record("write", file.path) { state in
            guard let number = state.descriptors[file.descriptor], let size = state.sizes[number] else { return }
            state.events.append(.write(file: number, offset: size, bytes: piece))
            state.sizes[number] = size + piece.count
        }
        try disk.append(bytes, to: file)
    }

    func read(_ file: DiskFile, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try disk.read(file, at: offset, into: buffer)
    }

    func sync(_ file: DiskFile) throws(DiskError) {
        try record("fsync", file.path) { state in
            guard forgotten != .fileSyncs, let number = state.descriptors[file.descriptor] else { return }
            state.events.append(.sync(file: number))
        }
    }

    func syncFolder(_ path: String) throws(DiskError) {
        try record("fsync", path) { state in
            if forgotten != .folderSyncs, path.hasPrefix(root) { state.events.append(.syncFolder(local(path))) }
        }
    }

    func link(_ file: DiskFile, as path: String) throws(DiskError) -> Bool {
        let isNew = try disk.size(of: path) == nil
        try record("link", path) { state in
            guard isNew, let number = state.descriptors[file.descriptor] else { return }
            state.events.append(.link(file: number, local(path)))
            state.files[local(path)] = number
        }
        return try disk.link(file, as: path)
    }

    func replace(_ path: String, with file: DiskFile, beside folder: String) throws(DiskError) {
        let between = "\(folder)/between"
        _ = try link(file, as: between)
        try rename(between, to: path)
    }

    func rename(_ path: String, to target: String) throws(DiskError) {
        try record("rename", path) { $0.events.append(.rename(local(path), local(target))) }
        try disk.rename(path, to: target)
    }

    func remove(_ path: String) throws(DiskError) {
        try record("unlink", path) { state in
            state.files[local(path)] = nil
            state.events.append(.remove(local(path)))
        }
        try disk.remove(path)
    }

    func lock(_ file: DiskFile) throws(DiskError) -> Bool { try disk.lock(file) }

    func overwrite(_ file: DiskFile, with bytes: [UInt8]) throws(DiskError) { try disk.overwrite(file, with: bytes) }
}
