import Foundation
import Testing

@testable import Store

/// What goes out of one folder comes into another, or nothing does.
struct BackupTests {
    private let folder: TestFolder
    private var path: String { folder.path + "/restored" }

    init() throws {
        folder = try TestFolder()
    }

    private func put(_ name: String, _ version: Int, _ header: [UInt8], _ parts: [String: StorePart?]) -> StoreStep {
        .put(name: name, version: version, header: header, parts: parts, replacesAll: true)
    }

    private func backup() async throws -> [UInt8] {
        let large = BytesSource(bytes: (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        let steps: [StoreStep] = [
            put("b", 7, [1], ["large": StorePart(large, isFile: true)]),
            put("a", 2, [], ["x": StorePart([]), "y": StorePart([1, 2])]),
            put("a", 1, [0, 255], ["x": StorePart([9])]),
        ]
        let backup = Backup(
            instance: "i",
            revision: 5,
            counters: StoreCounters(floor: 3, highestVersion: 9, nextHook: 4),
            damaged: [],
            steps: steps
        )
        var bytes: [UInt8] = []
        try await backup.write { bytes += $0 }
        return bytes
    }

    private func restore(_ bytes: [UInt8]) throws(StoreError) {
        var rest = bytes[...]
        try Store.restore(path: path) { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }

    @Test func isTheSameBytesTwiceAndATarFile() async throws {
        let bytes = try await backup()
        #expect(try await backup() == bytes)
        let file = folder.path + "/backup.tar"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["-xf", file, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        let end = try String(contentsOfFile: folder.path + "/end.json", encoding: .utf8)
        #expect(end.hasPrefix(#"{"records":3,"blobs":1,"sha256":""#))
    }

    @Test func bringsAllBackUnderANameOfItsOwn() async throws {
        try restore(await backup())
        let store = try Store(path: path)
        #expect(try store.records().map { "\($0.name) \($0.version)" } == ["a 1", "a 2", "b 7"])
        #expect(try store.records()[0].header == [0, 255])
        #expect(try store.parts(of: "a", version: 1).contents(of: "x") == [9])
        #expect(try store.parts(of: "a", version: 2).keys == ["x", "y"])
        let large = try store.parts(of: "b", version: 7).contents(of: "large")
        #expect(large.count == 2_500_000 && large[2_000_000] == UInt8(truncatingIfNeeded: 2_000_000 / 7))
        #expect(store.counters == StoreCounters(floor: 3, highestVersion: 9, nextHook: 4))
        #expect(store.instance != "i")
    }

    @Test func refusesWhatIsCutOrAlteredAndLeavesNothing() async throws {
        let bytes = try await backup()
        var generator = SystemRandomNumberGenerator()
        let ends = [0, 1, 511, 512, 700, bytes.count - 1_025, bytes.count - 2_000]
        let places = [0..<3_000, 0..<bytes.count - 1_024, bytes.count - 2_048..<bytes.count - 1_024]
        let flips = places.flatMap { place in (0..<20).map { _ in Int.random(in: place, using: &generator) } }
        for end in ends { #expect(throws: StoreError.self) { try restore(Array(bytes.prefix(end))) } }
        for place in flips {
            var altered = bytes
            altered[place] ^= 1 << Int.random(in: 0..<8)
            #expect(throws: StoreError.self, "byte \(place)") { try restore(altered) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func refusesAFolderThatIsNotEmpty() async throws {
        let bytes = try await backup()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try restore(bytes)
        #expect(throws: StoreError.notEmpty(path: path)) { try restore(bytes) }
    }

    // MARK: Verifying

    private func verify() throws -> [String] {
        var lines: [String] = []
        let count = try Store.verify(path: path) { lines.append("\($0): \($1)") }
        #expect(count == lines.count)
        return lines
    }

    @Test func verifyFindsWhatIsDamaged() async throws {
        try restore(await backup())
        #expect(try verify() == [])
        let name = try #require(
            FileManager.default.subpathsOfDirectory(atPath: path + "/blobs").first { $0.utf8.count > 10 }
        )
        let file = path + "/blobs/" + name
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        try FileManager.default.removeItem(atPath: file)
        #expect(
            try verify() == [
                "blobs/\(name): is missing", "b 7: 'large': blobs/\(name) is missing",
            ]
        )
        var flipped = whole
        flipped[1_234_567] ^= 2
        try flipped.write(to: URL(fileURLWithPath: file))
        #expect(try verify().count == 2)
        try whole.write(to: URL(fileURLWithPath: file))
        try Data().write(to: URL(fileURLWithPath: path + "/blobs/00/stray"))
        #expect(try verify() == ["blobs/00/stray: is not callpath's"])
    }

    @Test func verifySaysWhenItCannotLook() throws {
        #expect(throws: StoreError.missing(path: path)) { try verify() }
        let store = try Store(path: path)
        #expect(throws: StoreError.inUse(path: path, pid: "\(ProcessInfo.processInfo.processIdentifier)")) {
            try verify()
        }
        withExtendedLifetime(store) {}
    }
}
