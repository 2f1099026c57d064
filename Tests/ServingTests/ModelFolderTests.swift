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

    private func load(_ name: String) async throws -> ModuleVersion {
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

    /// A buffer that is no state, too large to be written into the description.
    @Test func putsTensorsThatAreNoStateIntoTheirGraphs() async throws {
        let graph = #"""
            {"type": "Sequential", "modules": [{"type": "GraphModule", "buffers": {"shift": {"shape": [2], "persistent": false}},
             "graph": [{"op": "placeholder", "name": "x"}, {"op": "get_attr", "name": "shift", "target": "shift"},
             {"op": "call_function", "name": "y", "target": "add", "args": [{"node": "x"}, {"node": "shift"}]},
             {"op": "output", "args": [{"node": "y"}]}]}]}
            """#
        func file(_ key: String, _ tensor: Tensor) throws -> [UInt8] {
            try Safetensors.bytes(of: [key: tensor], metadata: [ModelFile.metadataKey: graph])
        }
        let shift = try Tensor([10, 20] as [Float])
        try write("net.safetensors", file("callpath:0.shift", shift))
        _ = try await load("net")
        #expect(try await registry.call("net", [1, 2]) == [11, 22])
        #expect(try registry.moduleVersion("net").stateDict.isEmpty)
        for (key, tensor) in [
            ("callpath:0.drift", shift), ("callpath:shift", shift), ("callpath:0.shift", try .zeros([3])),
        ] {
            try write("wrong.safetensors", file(key, tensor))
            await #expect(throws: ModelFileError.misplaced(key: key)) { try await self.load("wrong") }
        }
    }

    @Test func theStateOfALinearNeedsNoDescription() async throws {
        try write("fc.safetensors", Safetensors.bytes(of: smallState()))
        try write("bare.safetensors", Safetensors.bytes(of: ["weight": matrix([[1, 2, 3]])]))
        #expect(try await load("fc").repr == "Linear(in_features=2, out_features=2, bias=True)")
        #expect(try await load("bare").repr == "Linear(in_features=3, out_features=1, bias=False)")
        #expect(try await registry.call("fc", [1, 1]) == [3.5, 6.5])
    }

    /// What a start does with a folder of models and a registry that has them already.
    @Test func adoptsOnlyWhatDiffersFromWhatIsThere() async throws {
        let data = DataFolder()
        try write("fc.safetensors", Safetensors.bytes(of: smallState()))
        func adopt(expecting version: Int, hooks: Int, isSame: Bool = false) async throws {
            try await data.use { registry async throws in
                try await registry.adoptModel(named: "fc", from: ModelFolder(path: path))
                // The hashes tell what is the same: nothing is loaded for that.
                #expect(registry.facts.coldModules == (isSame ? 1 : 0))
                let adopted = try await registry.outline("fc")
                #expect(adopted.number == version)
                #expect(adopted.hooks.count == hooks)
                let hook = HookDescription(kind: .forward, action: .scale(.double(2)))
                if version == 1, hooks == 0 { _ = try await registry.registerHook(hook, on: "fc") }
            }
        }
        try await adopt(expecting: 1, hooks: 0)
        try await adopt(expecting: 2, hooks: 1, isSame: true)
        try await adopt(expecting: 2, hooks: 1, isSame: true)
        var state = try smallState()
        state["bias"] = try Tensor([1, 2] as [Float])
        try write("fc.safetensors", Safetensors.bytes(of: state))
        try await adopt(expecting: 3, hooks: 1)
        try write("fc.safetensors", Safetensors.bytes(of: ["weight": matrix([[1, 2, 3]])]))
        try await adopt(expecting: 4, hooks: 0)
        let output = try await data.use { try await $0.call("fc", [1, 1, 1]) }
        #expect(output == [6])
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
        let error = #expect(throws: ModelFileError.self) { try ModelFolder(path: "/nowhere").names }
        #expect(error?.message == "cannot read '/nowhere': No such file or directory")
        let file = #expect(throws: ModelFileError.self) { try ModelFolder(path: "\(path)/c.json").names }
        #expect(file?.message == "cannot read '\(path)/c.json': Not a directory")
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
            #expect(await refusal(name) == "'DIR/\(name).safetensors' is not a file")
        }
        #expect(await refusal("gone") == "cannot read 'DIR/gone.safetensors': No such file or directory")
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
        #expect(throws: ServingError.unknownModule("bad")) { try registry.moduleVersion("bad") }
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

/// Folders as hubs, Triton and file systems leave them.
final class ModelFolderLayoutTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    private let registry = Registry()

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    private func write(_ file: String, _ bytes: [UInt8] = []) throws {
        let url = URL(fileURLWithPath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private func listing() throws -> FolderListing { try ModelFolder(path: path).listing }

    private func load(_ name: String) async throws -> ModuleVersion {
        try await registry.loadModel(named: name, from: ModelFolder(path: path))
    }

    private func refusal(_ name: String) async -> String? {
        let error = await #expect(throws: ModelFileError.self) { try await load(name) }
        return error?.message.replacingOccurrences(of: path, with: "DIR")
    }

    @Test func hiddenNamesArePassedOver() async throws {
        try write("fc.safetensors", Safetensors.bytes(of: smallState()))
        for name in ["._fc.safetensors", ".rsync.tmp.safetensors", ".hidden.json", ".git/model.safetensors"] {
            try write(name)
        }
        // What Kubernetes makes of a ConfigMap.
        try write("..2026/cm.safetensors", Safetensors.bytes(of: smallState()))
        let files = FileManager.default
        try files.createSymbolicLink(atPath: "\(path)/..data", withDestinationPath: "..2026")
        try files.createSymbolicLink(atPath: "\(path)/cm.safetensors", withDestinationPath: "..data/cm.safetensors")
        #expect(try listing().models.map(\.name) == ["cm", "fc"])
        #expect(try listing().leftOut == [])
        #expect(try listing().hidden.count == 6)
        #expect(try await load("cm").version == 1)
    }

    @Test func whatIsLeftOutIsNamedWithItsReason() throws {
        try write("fc.safetensors", Safetensors.bytes(of: smallState()))
        for name in [
            "model.pt", "A.SAFETENSORS", "alone.json", "config.json", "empty/readme.md", "fc/model.safetensors",
        ] {
            try write(name)
        }
        try write("fc.json")
        #expect(try listing().models.map(\.name) == ["fc"])
        let reasons = Dictionary(uniqueKeysWithValues: try listing().leftOut.map { ($0.name, $0.reason) })
        #expect(Set(reasons.keys) == ["model.pt", "A.SAFETENSORS", "alone.json", "config.json", "empty", "fc"])
        #expect(reasons["A.SAFETENSORS"] == "its name does not end in .safetensors")
        #expect(reasons["alone.json"] == "there is no .safetensors file that it describes")
        #expect(reasons["empty"] == "the folder holds no model.safetensors")
        #expect(reasons["fc"] == "a file is served as 'fc'")
    }

    @Test func foldersOfHubsAndOfVersionsAreModels() async throws {
        let description =
            #"{"type": "Sequential", "modules": [{"type": "Linear", "in_features": 2, "out_features": 2}]}"#
        try write("hub/model.safetensors", Safetensors.bytes(of: smallState(prefix: "0.")))
        try write("hub/model.json", Array(description.utf8))
        try write("hub/config.json", Array(#"{"architectures": ["Bert"]}"#.utf8))
        try write("triton/config.pbtxt", Array("name: \"triton\"".utf8))
        try write("triton/2/model.safetensors", Safetensors.bytes(of: smallState()))
        try write("triton/10/model.safetensors", Safetensors.bytes(of: ["weight": matrix([[1, 2, 3]])]))
        try write("triton/11/readme.md")
        try write("triton/007/model.safetensors", Safetensors.bytes(of: smallState()))
        #expect(try listing().models.map(\.name) == ["hub", "triton"])
        #expect(try listing().leftOut == [])
        #expect(try await load("hub").typeName == "Sequential")
        #expect(try await load("triton").repr == "Linear(in_features=3, out_features=1, bias=False)")
    }

    private func index(_ map: String) -> [UInt8] {
        Array(#"{"metadata": {"total_size": 24}, "weight_map": \#(map)}"#.utf8)
    }

    @Test func shardsAreOneModel() async throws {
        let state = try smallState()
        for folder in ["", "hub/"] {
            let name = folder.isEmpty ? "net" : "model"
            try write("\(folder)\(name)-1.safetensors", Safetensors.bytes(of: ["weight": #require(state["weight"])]))
            try write("\(folder)\(name)-2.safetensors", Safetensors.bytes(of: ["bias": #require(state["bias"])]))
            let map = #"{"weight": "\#(name)-1.safetensors", "bias": "\#(name)-2.safetensors"}"#
            try write("\(folder)\(name).safetensors.index.json", index(map))
        }
        #expect(try listing().models.map(\.name) == ["hub", "net"])
        for name in ["hub", "net"] {
            #expect(try await load(name).repr == "Linear(in_features=2, out_features=2, bias=True)")
            #expect(try await registry.call(name, [1, 1]) == [3.5, 6.5])
        }
    }

    /// A folder that only holds parts of a model beside it is no model, and nothing is left out.
    @Test(arguments: [
        "parts/a.safetensors", "parts/model.safetensors", "parts/3/model.safetensors", "net/a.safetensors",
    ])
    func shardsInAFolderBelowAreNoModels(shard: String) async throws {
        let state = try smallState()
        try write(shard, Safetensors.bytes(of: ["weight": #require(state["weight"])]))
        try write("b.safetensors", Safetensors.bytes(of: ["bias": #require(state["bias"])]))
        try write("net.safetensors.index.json", index(#"{"weight": "\#(shard)", "bias": "b.safetensors"}"#))
        #expect(try listing().models.map(\.name) == ["net"])
        #expect(try listing().leftOut == [])
        _ = try await load("net")
        #expect(try await registry.call("net", [1, 1]) == [3.5, 6.5])
    }

    /// A folder can hold parts of a model and one of its own, and a version's part can have the name of a whole.
    @Test func aModelBesideShardsIsServed() async throws {
        let state = try smallState()
        let (weight, bias) = (try #require(state["weight"]), try #require(state["bias"]))
        try write("parts/a.safetensors", Safetensors.bytes(of: ["weight": weight]))
        try write("parts/model.safetensors", Safetensors.bytes(of: state))
        try write("b.safetensors", Safetensors.bytes(of: ["bias": bias]))
        try write("net.safetensors.index.json", index(#"{"weight": "parts/a.safetensors", "bias": "b.safetensors"}"#))
        try write("triton/2/model.safetensors", Safetensors.bytes(of: state))
        try write("triton/3/model.safetensors", Safetensors.bytes(of: ["weight": weight]))
        try write("triton/3/rest.safetensors", Safetensors.bytes(of: ["bias": bias]))
        let map = #"{"weight": "model.safetensors", "bias": "rest.safetensors"}"#
        try write("triton/3/model.safetensors.index.json", index(map))
        #expect(try listing().models.map(\.name) == ["net", "parts", "triton"])
        #expect(try listing().leftOut == [])
        for name in ["net", "parts", "triton"] {
            #expect(try await load(name).repr == "Linear(in_features=2, out_features=2, bias=True)")
        }
    }

    /// A type that no tensor has matters where it is taken: a file gives all its keys, an index those that it names.
    @Test(arguments: [nil, #"{"weight": "1.safetensors"}"#, #"{"weight": "1.safetensors", "scale": "1.safetensors"}"#])
    func aForeignTypeMattersWhereItIsTaken(map: String?) async throws {
        let description = #"{\"type\":\"Linear\",\"in_features\":2,\"out_features\":1,\"bias\":false}"#
        let header =
            #"{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
            + #""scale":{"dtype":"C64","shape":[1],"data_offsets":[8,16]},"#
            + #""__metadata__":{"callpath":"\#(description)"}}"#
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
        let file = length + Array(header.utf8) + [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F] + [UInt8](repeating: 0, count: 8)
        try write(map == nil ? "net.safetensors" : "1.safetensors", file)
        if let map { try write("net.safetensors.index.json", index(map)) }
        if let map, !map.contains("scale") {
            _ = try await load("net")
            #expect(try await registry.call("net", [1, 1]) == [2])
        } else {
            let error = await #expect(throws: (any Error).self) { try await load("net") }
            #expect(error.map { "\($0)" }?.contains("scale") == true, "\(error.debugDescription)")
        }
    }

    @Test(
        arguments: [
            (#"{"weight": "gone.safetensors"}"#, "cannot read 'DIR/gone.safetensors': No such file or directory"),
            (
                #"{"weight": "part.safetensors", "scale": "part.safetensors"}"#,
                "'DIR/part.safetensors' has no tensor 'scale'"
            ),
            (#"{"weight": "../part.safetensors"}"#, "names the shard '../part.safetensors', which is not inside"),
            (#"{"weight": "/etc/passwd"}"#, "names the shard '/etc/passwd', which is not inside"),
            (#"{"weight": "a/../../x"}"#, "names the shard 'a/../../x', which is not inside"),
            (#"{"weight": 3}"#, "is not an index of shards"), ("[]", "is not an index of shards"),
        ]
    )
    func aWrongIndexIsNamed(map: String, words: String) async throws {
        try write("part.safetensors", Safetensors.bytes(of: smallState()))
        try write("net.safetensors.index.json", index(map))
        #expect(await refusal("net")?.contains(words) == true)
    }

    @Test func shardsTogetherAreLimited() async throws {
        var options = ServingOptions()
        let part = try Safetensors.bytes(of: smallState())
        options.limits.maxBytes = part.count * 2 - 1
        try write("1.safetensors", part)
        try write("2.safetensors", part)
        try write("net.safetensors.index.json", index(#"{"weight": "1.safetensors", "bias": "2.safetensors"}"#))
        let registry = Registry(options: options)
        let folder = ModelFolder(path: path)
        let error = await #expect(throws: ModelFileError.self) {
            try await registry.loadModel(named: "net", from: folder)
        }
        #expect(error == .tooLarge(path: "\(path)/2.safetensors", limit: part.count - 1, byteCount: part.count))
    }
}
