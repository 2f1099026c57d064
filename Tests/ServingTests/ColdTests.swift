import Foundation
import JSON
import OrderedCollections
import Store
import Synchronization
import Tensors
import Testing

@testable import Models
@testable import Serving

/// Modules whose tensors stay on the disk until somebody needs them, and go back there for others.
@Suite(.timeLimit(.minutes(2)))
struct ColdTests {
    private let folder = DataFolder()

    private static func large(_ value: Float) throws -> Tensor {
        try Tensor([Float](repeating: value, count: 40_000), shape: [200, 200])
    }

    private static func reference(_ names: String...) -> NodeDescription {
        .layer(LayerDescription(type: "Sequential", children: names.map { ChildDescription(node: .ref($0)) }))
    }

    /// Two layers of 200 x 200, which take 320 KB each in memory, and a network of one of them.
    private func prepare() async throws {
        try await folder.use { registry async throws in
            for (name, value) in [("a", 1), ("b", 2)] as [(String, Float)] {
                try await registry.add(name, .linear(200, 200, bias: false), ["weight": Self.large(value)])
            }
            try await registry.add("net", Self.reference("a"))
        }
    }

    private static func cold(_ registry: Registry) -> Set<String> {
        let names = registry.entries().entries.filter { $0.damage == nil }.map(\.name)
        return Set(names.filter { (try? registry.moduleVersion($0)) == nil })
    }

    private static let ones = [Float](repeating: 1, count: 200)

    @Test func aStartLooksAtNoFile() async throws {
        try await prepare()
        for path in try folder.blobs() { try FileManager.default.removeItem(atPath: path) }
        try await folder.use { registry async throws in
            #expect(registry.facts.modules == 3)
            #expect(registry.facts.coldModules == 3)
            #expect(try registry.storeFacts.damaged.isEmpty)
            #expect(registry.entries().entries.map(\.type) == ["Linear", "Linear", "Sequential"])
        }
    }

    @Test func aCallLoadsTheModuleAndWhatItRefersTo() async throws {
        try await prepare()
        try await folder.use { registry async throws in
            #expect(try await registry.call("net", Self.ones)[0] == 200)
            #expect(Self.cold(registry) == ["b"])
            #expect(try await registry.module("net").references["a"] === registry.module("a"))
            #expect(try await registry.call("b", Self.ones)[0] == 400)
            #expect(registry.facts.coldModules == 0)
        }
    }

    /// Everything but elements is known of a cold module: as if it were loaded, byte for byte.
    @Test func documentsLoadNothing() async throws {
        try await prepare()
        try await folder.use { registry async throws in
            let norm = NodeDescription.layer("BatchNorm1d", ["num_features": .int(3)])
            try await registry.add("deep", .sequential(.linear(4, 3), norm, .layer("ReLU")), training: true)
            _ = try await registry.setParameter("0.bias", of: "deep", to: nil)
            var hook = HookDescription(kind: .forward, action: .add(.tensor(try Tensor([1, 2, 3] as [Float]))))
            hook.module = "0"
            _ = try await registry.registerHook(hook, on: "deep")
        }
        var texts: [[String]] = []
        for isLoaded in [false, true] {
            try await folder.use { registry async throws in
                for name in ["a", "b", "deep", "net"] {
                    if isLoaded { _ = try await registry.module(name) }
                    let outline = try await registry.outline(name)
                    var writer = JSONWriter()
                    writer.beginObject()
                    try outline.writeDescription(writesReferences: true, to: &writer)
                    writer.endObject()
                    texts.append([
                        outline.repr, "\(outline.number)", "\(outline.parameters)", "\(outline.buffers)",
                        "\(outline.inputs)", "\(outline.outputs)", "\(outline.hooks.map(\.description))",
                        String(decoding: writer.finish(), as: UTF8.self),
                    ])
                }
                #expect(registry.facts.coldModules == (isLoaded ? 0 : 4))
            }
        }
        #expect(texts.prefix(4) == texts.suffix(4))
    }

    @Test func callersShareOneLoad() async throws {
        try await prepare()
        let disk = WatchedDisk()
        try await folder.use(disk: disk) { registry async throws in
            let before = disk.openings.load(ordering: .relaxed)
            let loaded = try await withThrowingTaskGroup(of: ModuleVersion.self) { group in
                for _ in 0..<20 { group.addTask { try await registry.module("a") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(loaded.allSatisfy { $0 === loaded[0] })
            #expect(disk.openings.load(ordering: .relaxed) == before + 1)
        }
    }

    @Test func aChangeLoadsWhatItTouches() async throws {
        try await prepare()
        try await folder.use { registry async throws in
            _ = try await registry.setParameter("weight", of: "a", to: Self.large(3))
            #expect(Self.cold(registry) == ["b"])
            #expect(try await registry.call("net", Self.ones)[0] == 600)
        }
        try await folder.use { registry async throws in
            // Refused and removed without a look.
            let stale = await servingError {
                _ = try await registry.setParameter("weight", of: "b", to: Self.large(3), when: .version([9]))
            }
            #expect(stale == .staleVersion(module: "b", expected: [9], current: 1))
            try await registry.delete("b")
            #expect(registry.facts.coldModules == 2)
            let used = await servingError { try await registry.delete("a") }
            #expect(used == .inUse("a", by: ["net"]))
            #expect(registry.facts.coldModules == 2)
            // An earlier version is as cold as the current one.
            let old = try await registry.module("net", version: 1)
            #expect(Self.cold(registry) == ["a", "net"])
            let output = try await registry.call(old, CallRequest(inputs: [Tensor(Self.ones)])).output
            #expect(output.scalars(as: Float.self)[0] == 200)
            // Put in the place of what is cold, which stays callable.
            _ = try await registry.put(ModuleDescription(name: "net", root: .layer("ReLU")))
            #expect(Self.cold(registry) == ["a"])
            #expect(try registry.versions(of: "net") == [2, 3])
            #expect(try await registry.module("net", version: 2).references["a"]?.version == 2)
        }
    }

    @Test func hooksGoOnGatheringWhereTheyStood() async throws {
        try await prepare()
        var options = ServingOptions()
        options.limits.maxBytes = 400_000
        try await folder.use(options) { registry async throws in
            let statistics = HookDescription(kind: .forward, action: .statistics)
            let hook = try await registry.registerHook(statistics, on: "b").hook
            _ = try await registry.call("b", Self.ones)
            #expect(try await registry.call("a", Self.ones)[0] == 200)
            #expect(Self.cold(registry) == ["b", "net"])
            let listed = try await registry.outline("b").hook(hook.id)
            #expect(listed.record === hook.record)
            _ = try await registry.call("b", Self.ones)
            #expect(hook.record.statistics?.count == 400)
            #expect(try registry.statistics(of: "b").last?.calls.success.count == 2)
        }
    }

    // MARK: Room

    @Test func theLongestUncalledGoColdWhereThereIsNoRoom() async throws {
        try await folder.use { registry async throws in
            for index in 0..<6 {
                try await registry.add(
                    "m\(index)",
                    .linear(200, 200, bias: false),
                    ["weight": Self.large(Float(index))]
                )
            }
        }
        var options = ServingOptions()
        options.limits.maxBytes = 3 * 330_000
        try await folder.use(options) { registry async throws in
            for index in [0, 1, 2, 0, 3, 4] {
                #expect(try await registry.call("m\(index)", Self.ones)[0] == Float(200 * index))
            }
            #expect(Self.cold(registry) == ["m1", "m2", "m5"])
            #expect(registry.facts.byteCount <= options.limits.maxBytes)
            // A change needs room as well.
            try await registry.add("m6", .linear(200, 200, bias: false), ["weight": Self.large(6)])
            #expect(Self.cold(registry) == ["m0", "m1", "m2", "m5"])
            #expect(registry.facts.modules == 7)
        }
    }

    /// A layer goes after the networks that stand on it, whenever they were called.
    @Test func whatANetworkInMemoryRefersToStays() async throws {
        try await prepare()
        var options = ServingOptions()
        options.limits.maxBytes = 400_000
        try await folder.use(options) { registry async throws in
            let net = try await registry.module("net")
            #expect(Self.cold(registry) == ["b"])
            let refused = await withPin(of: net) {
                await servingError { _ = try await registry.module("b") }
            }
            guard case .notInMemory("b", _)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            let full = await withPin(of: net) {
                await servingError {
                    try await registry.add("c", .linear(200, 200, bias: false), ["weight": Self.large(1)])
                }
            }
            guard case .limitExceeded(.bytes, _, _, _)? = full else {
                Issue.record("\(String(describing: full))")
                return
            }
            #expect(try await registry.call("b", Self.ones)[0] == 400)
            #expect(Self.cold(registry) == ["a", "net"])
            // What has a version of its own goes on with it.
            let output = try await registry.call(net, CallRequest(inputs: [Tensor(Self.ones)])).output
            #expect(output.scalars(as: Float.self)[0] == 200)
        }
    }

    private func withPin<Result>(of moduleVersion: ModuleVersion, _ body: () async throws -> Result) async rethrows
        -> Result
    {
        let pin = ActivityPin(moduleVersion.activity)
        defer { withExtendedLifetime(pin) {} }
        return try await body()
    }

    @Test func whatIsLargerThanAllMemoryIsNeverLoaded() async throws {
        try await prepare()
        var options = ServingOptions()
        options.limits.maxBytes = 200_000
        try await folder.use(options) { registry async throws in
            let errors = await withTaskGroup(of: ServingError?.self) { group in
                for name in ["a", "a", "net", "b"] {
                    group.addTask { await servingError { _ = try await registry.module(name) } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for error in errors {
                guard case .notInMemory? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            let change = await servingError { _ = try await registry.setParameter("weight", of: "a", to: nil) }
            guard case .limitExceeded(.bytes, _, _, _)? = change else {
                Issue.record("\(String(describing: change))")
                return
            }
            #expect(registry.facts.coldModules == 3)
            #expect(try await registry.outline("a").repr.contains("Linear"))
        }
    }

    // MARK: Trouble

    @Test func aShortageIsNoDamage() async throws {
        try await prepare()
        let disk = WatchedDisk()
        try await folder.use(disk: disk) { registry async throws in
            for number in [EMFILE, ENFILE, ENOMEM] {
                disk.failure.store(number, ordering: .relaxed)
                let error = await servingError { _ = try await registry.module("net") }
                guard case .notInMemory? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            disk.failure.store(0, ordering: .relaxed)
            #expect(try await registry.call("net", Self.ones)[0] == 200)
            #expect(try registry.storeFacts.damaged.isEmpty)
        }
    }

    @Test func damageFoundInAnEarlierVersionIsThatVersionsAlone() async throws {
        try await folder.use { registry async throws in
            _ = try await registry.add("a", .linear(200, 200, bias: false), ["weight": Self.large(1)])
        }
        let first = try folder.blobs()
        try await folder.use { registry async throws in
            _ = try await registry.setParameter("weight", of: "a", to: Self.large(2))
        }
        for path in first { try FileManager.default.removeItem(atPath: path) }
        try await folder.use { registry async throws in
            for _ in 0..<2 {
                let error = await servingError { _ = try await registry.module("a", version: 1) }
                guard case .damagedModule("a", _, isChange: false)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            #expect(try await registry.call("a", Self.ones)[0] == 400)
        }
    }

    /// Calls, changes, loads and going cold all at once: each call gives what some version gives, and no module is lost.
    @Test func allAtOnce() async throws {
        try await folder.use { registry async throws in
            for index in 0..<8 {
                try await registry.add(
                    "m\(index)",
                    .linear(200, 200, bias: false),
                    ["weight": Self.large(Float(index))]
                )
            }
            try await registry.add("net", Self.reference("m0", "m1"))
        }
        var options = ServingOptions()
        options.limits.maxBytes = 4 * 330_000
        try await folder.use(options) { registry async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for step in 0..<30 {
                            let index = (worker * 7 + step * 5) % 8
                            do {
                                if step % 6 == 5 {
                                    let weight = try Self.large(Float(index))
                                    _ = try await registry.setParameter("weight", of: "m\(index)", to: weight)
                                } else if step % 7 == 6 {
                                    _ = try await registry.call("net", Self.ones)
                                } else {
                                    let output = try await registry.call("m\(index)", Self.ones)[0]
                                    #expect(output == Float(200 * index))
                                }
                            } catch ServingError.notInMemory, ServingError.limitExceeded {
                                // There may be no room while others load.
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(registry.facts.modules == 9)
            #expect(try registry.storeFacts.damaged.isEmpty)
        }
    }
}

/// The system's disk, which counts the files that are opened and fails to open them when told to.
private final class WatchedDisk: Disk {
    let openings = Atomic<Int>(0)
    /// What opening fails with; 0 if it does not.
    let failure = Atomic<Int32>(0)
    private let disk = SystemDisk()

    var databaseSystem: String? { disk.databaseSystem }
    func makeFolder(_ path: String) throws(DiskError) { try disk.makeFolder(path) }
    func names(in folder: String) throws(DiskError) -> [String] { try disk.names(in: folder) }
    func size(of path: String) throws(DiskError) -> Int? { try disk.size(of: path) }
    func open(_ path: String) throws(DiskError) -> DiskFile {
        let number = failure.load(ordering: .relaxed)
        guard number == 0 else { throw DiskError("open", path, number) }
        openings.add(1, ordering: .relaxed)
        return try disk.open(path)
    }
    func openOrCreate(_ path: String) throws(DiskError) -> DiskFile { try disk.openOrCreate(path) }
    func createUnnamed(in folder: String) throws(DiskError) -> DiskFile { try disk.createUnnamed(in: folder) }
    func append(_ bytes: UnsafeRawBufferPointer, to file: DiskFile) throws(DiskError) {
        try disk.append(bytes, to: file)
    }
    func read(_ file: DiskFile, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DiskError) -> Int {
        try disk.read(file, at: offset, into: buffer)
    }
    func sync(_ file: DiskFile) throws(DiskError) { try disk.sync(file) }
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
