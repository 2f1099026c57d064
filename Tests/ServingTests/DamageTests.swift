import Foundation
import OrderedCollections
import Store
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

/// What a registry does when its disk does not do what it should.
@Suite(.timeLimit(.minutes(2)))
struct DamageTests {
    private let folder = DataFolder()

    private static func large(_ value: Float) throws -> Tensor {
        try Tensor([Float](repeating: value, count: 40_000), shape: [200, 200])
    }

    private func prepare() async throws {
        try await folder.use { registry async throws in
            try await registry.add("big", .linear(200, 200, bias: false), ["weight": Self.large(1)])
            let node = NodeDescription.layer(
                LayerDescription(type: "Sequential", children: [ChildDescription(node: .ref("big"))])
            )
            try await registry.add("net", node)
            try await registry.add("fc", .linear(2, 2), smallState())
        }
    }

    private func damageTheBlob(_ damage: (inout Data) -> Void) throws {
        let path = try #require(try folder.blobs().first)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        damage(&bytes)
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    private static let damages: [@Sendable (inout Data) -> Void] = [
        { $0[$0.count / 2] ^= 4 }, { $0.removeLast() }, { $0.append(0) }, { $0 = Data() },
    ]

    @Test(arguments: 0..<4)
    func oneDamagedModuleDoesNotStopTheOthers(damage: Int) async throws {
        try await prepare()
        try damageTheBlob(Self.damages[damage])
        try await folder.use { registry async throws in
            #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
            for name in ["big", "net"] {
                let error = await servingError { _ = try await registry.module(name) }
                guard case .damagedModule(name, let reason, isChange: false) = error else {
                    Issue.record("\(name): \(String(describing: error))")
                    continue
                }
                #expect(reason.contains("blobs/"), "\(reason)")
                let change = await servingError { _ = try await registry.setParameter("weight", of: name, to: nil) }
                #expect(change == .damagedModule(name, reason: reason, isChange: true))
            }
            let entries = registry.entries().entries
            #expect(entries.map(\.name) == ["big", "fc", "net"])
            #expect(entries.map(\.type) == ["Linear", "Linear", "Sequential"])
            #expect(entries.map { $0.damage == nil } == [false, true, false])
            #expect(try registry.storeFacts.damaged.map(\.name) == ["big", "net"])
            #expect(registry.facts.modules == 3)
        }
    }

    @Test func aWholeModuleRepairsItAndThoseThatReferToIt() async throws {
        try await prepare()
        try damageTheBlob { $0[9_000] ^= 1 }
        try await folder.use { registry async throws in
            try await registry.add("other", .linear(2, 2))
            for _ in 0..<4 { _ = try await registry.setParameter("bias", of: "other", to: nil) }
            let state = try ModuleDescription(
                name: "big",
                root: .linear(200, 200, bias: false),
                stateDict: ["weight": Self.large(1)]
            )
            // Damage shows where somebody looks.
            let inUse = await servingError { _ = try await registry.put(state) }
            #expect(inUse == .inUse("big", by: ["net"]))
            guard case .damagedModule? = await servingError({ _ = try await registry.module("net") }) else {
                Issue.record("nobody found the damage")
                return
            }
            let refused = await servingError { _ = try await registry.put(state, when: .version([7])) }
            #expect(refused == .staleVersion(module: "big", expected: [7], current: 1))
            let repaired = try await registry.put(state).moduleVersion
            #expect(repaired.version == 6)
            #expect(try await registry.module("net").references["big"] === repaired)
        }
        try await folder.use { registry async throws in
            let net = try await registry.module("net")
            #expect(net.references["big"]?.version == 6)
            #expect(try registry.storeFacts.damaged.isEmpty)
        }
    }

    @Test func aDamagedModuleCanBeDeletedAndItsVersionsDoNotComeAgain() async throws {
        try await prepare()
        try damageTheBlob { $0.removeAll() }
        try await folder.use { registry async throws in
            _ = try await registry.delete("net")
            _ = try await registry.delete("big")
            #expect(try await registry.add("big", .layer("ReLU")).version == 2)
        }
        let names = try await folder.use { $0.entries().entries.map(\.name) }
        #expect(names == ["big", "fc"])
    }

    @Test func withoutRoomNothingChanges() async throws {
        try await folder.use(maxBytes: 400_000) { registry async throws in
            try await registry.add("big", .linear(200, 200, bias: false), ["weight": Self.large(1)])
            for value: Float in [2, 3, 4] {
                let error = await servingError {
                    _ = try await registry.setParameter("weight", of: "big", to: Self.large(value))
                }
                guard let error else { continue }
                guard case .insufficientStorage = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(try await registry.module("big").tensor("weight").tensor.scalars(as: Float.self)[0] < value)
                #expect(registry.isWritable)
                _ = try await registry.delete("big")
                return
            }
            Issue.record("the folder took more than it may have")
        }
    }

    @Test func aFailedFsyncEndsChangesAndNotCalls() async throws {
        let disk = FailingDisk()
        try await folder.use(disk: disk) { registry async throws in
            try await registry.add("fc", .linear(2, 2), smallState())
            disk.fails.store(true, ordering: .relaxed)
            let large = try ModuleDescription(
                name: "big",
                root: .linear(200, 200, bias: false),
                stateDict: ["weight": Self.large(1)]
            )
            let error = await servingError { _ = try await registry.put(large) }
            guard case .storeFailed(let reason, isUnknown: false) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.contains("fsync"))
            disk.fails.store(false, ordering: .relaxed)
            let later = await servingError { _ = try await registry.setParameter("bias", of: "fc", to: nil) }
            #expect(later == error)
            #expect(!registry.isWritable)
            #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
            #expect(try await registry.module("fc").version == 1)
        }
        let kept = try await folder.use { $0.entries().entries.map(\.name) }
        #expect(kept == ["fc"])
    }
}

/// The system's disk, whose fsync of files fails when told to.
private final class FailingDisk: Disk {
    let fails = Atomic<Bool>(false)
    private let disk = SystemDisk()

    var databaseSystem: String? { disk.databaseSystem }
    func makeFolder(_ path: String) throws(DiskError) { try disk.makeFolder(path) }
    func names(in folder: String) throws(DiskError) -> [String] { try disk.names(in: folder) }
    func size(of path: String) throws(DiskError) -> Int? { try disk.size(of: path) }
    func open(_ path: String) throws(DiskError) -> DiskFile { try disk.open(path) }
    func openOrCreate(_ path: String) throws(DiskError) -> DiskFile { try disk.openOrCreate(path) }
    func createUnnamed(in folder: String) throws(DiskError) -> DiskFile { try disk.createUnnamed(in: folder) }
    func append(_ bytes: UnsafeRawBufferPointer, to file: DiskFile) throws(DiskError) {
        try disk.append(bytes, to: file)
    }
    func read(_ file: DiskFile, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try disk.read(file, at: offset, into: buffer)
    }
    func sync(_ file: DiskFile) throws(DiskError) {
        if fails.load(ordering: .relaxed) { throw DiskError("fsync", file.path, EIO) }
        try disk.sync(file)
    }
    func syncFolder(_ path: String) throws(DiskError) { try disk.syncFolder(path) }
    func link(_ file: DiskFile, as path: String) throws(DiskError) -> Bool { try disk.link(file, as: path) }
    func replace(_ path: String, with file: DiskFile, beside folder: String) throws(DiskError) {
        try disk.replace(path, with: file, beside: folder)
    }
    func rename(_ path: String, to target: String) throws(DiskError) { try disk.rename(path, to: target) }
    func remove(_ path: String) throws(DiskError) { try disk.remove(path) }
    func lock(_ file: DiskFile) throws(DiskError) -> Bool { try disk.lock(file) }
    func overwrite(_ file: DiskFile, with bytes: [UInt8]) throws(DiskError) { try disk.overwrite(file, with: bytes) }
}
