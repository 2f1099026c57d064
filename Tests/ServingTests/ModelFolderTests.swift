import Foundation
import OrderedCollections
import Safetensors
import Tensors
import Testing

@testable import Models
@testable import Serving

/// Models from a folder, in which anything may lie.
final class ModelFolderTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    private let registry = Registry()

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    private func write(_ file: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
    }

    private func load(_ name: String) async throws -> Publication {
        try await registry.loadModel(named: name, from: ModelFolder(path: path))
    }

    /// Returns what a load throws, in words.
    private func refusal(_ name: String) async -> String? {
        do {
            _ = try await load(name)
            return nil
        } catch let error as ModelFileError {
            return error.message.replacingOccurrences(of: path, with: "DIR")
        } catch let error as SafetensorsError {
            return "\(error)"
        } catch {
            return "\(error)"
        }
    }

    @Test func theStateOfALinearNeedsNoDescription() async throws {
        try write("fc.safetensors", Safetensors.bytes(of: smallState()))
        try write("bare.safetensors", Safetensors.bytes(of: ["weight": matrix([[1, 2, 3]])]))
        #expect(try await load("fc").repr == "Linear(in_features=2, out_features=2, bias=True)")
        #expect(try await load("bare").repr == "Linear(in_features=3, out_features=1, bias=False)")
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
    }

    @Test func aDescriptionStandsInTheMetadataOrBesideTheFile() async throws {
        let description =
            #"{"type": "Sequential", "modules": [{"type": "Linear", "in_features": 2, "out_features": 2}]}"#
        let state = try smallState(prefix: "0.")
        try write("a.safetensors", Safetensors.bytes(of: state, metadata: ["callpath": description]))
        try write("b.safetensors", Safetensors.bytes(of: state))
        try write("b.json", Array(description.utf8))
        for name in ["a", "b"] {
            #expect(try await load(name).typeName == "Sequential")
            #expect(try await registry.call(name, [1, 1]) == [3.5, 6.5])
        }
    }

    @Test func namesAreThoseOfSafetensorsFiles() throws {
        for file in ["b.safetensors", "a.safetensors", "notes.txt", "c.json", "not a name.safetensors"] {
            try write(file, [])
        }
        #expect(try ModelFolder(path: path).names == ["a", "b", "not a name"])
        #expect(throws: ModelFileError.unreadable(path: "/nowhere")) { try ModelFolder(path: "/nowhere").names }
    }

    @Test func whatIsNoFileIsRefusedAndNotReadForever() async throws {
        try FileManager.default.createDirectory(
            atPath: "\(path)/folder.safetensors",
            withIntermediateDirectories: false
        )
        mkfifo("\(path)/pipe.safetensors", 0o600)
        try FileManager.default.createSymbolicLink(atPath: "\(path)/zero.safetensors", withDestinationPath: "/dev/zero")
        try FileManager.default.createSymbolicLink(atPath: "\(path)/gone.safetensors", withDestinationPath: "nothing")
        for name in ["folder", "pipe", "zero"] {
            #expect(await refusal(name) == "'DIR/\(name).safetensors' is no file")
        }
        #expect(await refusal("gone") == "cannot read 'DIR/gone.safetensors'")
    }

    @Test func aLinkToAFileIsFollowed() async throws {
        try write("real", Safetensors.bytes(of: smallState()))
        try FileManager.default.createSymbolicLink(atPath: "\(path)/fc.safetensors", withDestinationPath: "real")
        #expect(try await load("fc").version == 1)
    }

    @Test(
        arguments: [
            ("", "lengthTruncated(byteCount: 0)"),
            ("\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}{}", "headerTooLarge"),
            ("\u{40}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}{}", "headerTruncated(expected: 64, got: 2)"),
            (overlapping, "overlap(expected: 4, got: 0"),
        ]
    )
    func aHostileFileIsNamed(text: String, words: String) async throws {
        try write("bad.safetensors", text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        #expect(await refusal("bad")?.contains(words) == true)
        #expect(throws: ServingError.unknownModule("bad")) { try registry.publication("bad") }
    }

    private static let overlapping: String = {
        let entry = #"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
        let header = #"{"weight":\#(entry),"bias":\#(entry)}"#
        return String(UnicodeScalar(UInt8(header.utf8.count))) + "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}" + header + "AAAA"
    }()

    @Test func aFileLargerThanTheRegistryIsNotRead() async throws {
        var options = ServingOptions()
        options.limits.maxBytes = 100
        try write("fc.safetensors", [UInt8](repeating: 0, count: 101))
        let registry = Registry(options: options)
        let folder = ModelFolder(path: path)
        await #expect(
            throws: ModelFileError.tooLarge(path: "\(path)/fc.safetensors", limit: 100, byteCount: 101)
        ) {
            _ = try await registry.loadModel(named: "fc", from: folder)
        }
    }

    @Test func aNetworkWithoutADescriptionSaysWhatItNeeds() async throws {
        try write("net.safetensors", Safetensors.bytes(of: smallState(prefix: "0.")))
        #expect(await refusal("net")?.contains("needs a description under 'callpath'") == true)
        #expect(await refusal("absent") == "the folder of models has no file for 'absent'")
        try write("not a name.safetensors", Safetensors.bytes(of: smallState()))
        #expect(await refusal("not a name")?.contains("invalidName") == true)
    }
}
