import Foundation
import JSON
import Testing

/// `--models`: what the binary does with a folder of files.
@Suite(.timeLimit(.minutes(10)))
final class ModelsFolderTests {
    private static let exported = repository.appendingPathComponent("Tests/Clients/Fixtures/export")
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private func add(_ model: String, as name: String? = nil) throws {
        let file = Self.exported.appendingPathComponent("\(model).safetensors")
        try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent("\(name ?? model).safetensors"))
    }

    private func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(file))
    }

    /// Runs the binary, which should refuse to start.
    private func refusal(_ options: String = "") throws -> (status: Int32, error: String) {
        let binary = try RunningServer.binary().path
        let result = try shell("'\(binary)' serve --port 0 --models '\(folder.path)' \(options) 2>&1")
        return (result.status, result.output)
    }

    private func index(_ server: RunningServer) throws -> [String: String] {
        let answer = try Client(port: server.port).json("POST", "/v2/repository/index")
        let entries = try JSONValue(parsing: answer.body).asArray ?? []
        return Dictionary(
            uniqueKeysWithValues: entries.map {
                ($0["name"]?.asString ?? "", "\($0["state"]?.asString ?? "") \($0["reason"]?.asString ?? "")")
            }
        )
    }

    @Test func allModelsServeOnceTheServerSaysThatItIsReady() throws {
        let server = try RunningServer(arguments: ["--models", Self.exported.path])
        let states = try index(server)
        #expect(states.count == 8)
        #expect(states.allSatisfy { $0.value == "READY " })
    }

    @Test(arguments: [
        ("broken.safetensors", "broken: expected at least 8 bytes, got 4"), ("no name.safetensors", "no name: "),
    ])
    func aBadFileIsNamedAndEndsTheStart(file: String, words: String) throws {
        try add("linear")
        try write("oops", to: file)
        let refusal = try refusal()
        #expect(refusal.status != 0)
        #expect(refusal.error.contains("--models: \(words)"), "\(refusal.error)")
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        try FileManager.default.removeItem(at: folder)
        let refusal = try refusal()
        #expect(refusal.status != 0)
        #expect(refusal.error.contains("--models: cannot read '\(folder.path)'"), "\(refusal.error)")
    }

    @Test func badFilesAreSkippedByOptionAndShownWithTheirReason() throws {
        try add("linear")
        try write("oops", to: "broken.safetensors")
        try write("oops", to: "no name.safetensors")
        let server = try RunningServer(arguments: ["--models", folder.path, "--skip-bad-models", "on"])
        let states = try index(server)
        #expect(states["linear"] == "READY ")
        #expect(states["broken"] == "UNAVAILABLE expected at least 8 bytes, got 4")
        #expect(states["no name"]?.hasPrefix("UNAVAILABLE 'no name' is not a valid name") == true)
    }

    @Test func aFileNameThatIsNotUnicodeIsBadToo() throws {
        let name = folder.path.utf8.map { CChar(bitPattern: $0) } + "/".utf8.map { CChar(bitPattern: $0) }
        let bytes: [CChar] = [CChar(bitPattern: 0xFF), CChar(bitPattern: 0xFE)]
        let file = fopen(name + bytes + ".safetensors".utf8.map { CChar(bitPattern: $0) } + [0], "w")
        try #require(file != nil)
        fclose(file)
        let refusal = try refusal()
        #expect(refusal.status != 0)
        #expect(refusal.error.contains("--models: "), "\(refusal.error)")
    }

    @Test func aModelMayReferToOneThatComesLater() throws {
        try add("linear", as: "z")
        try write(#"{"type": "Sequential", "modules": [{"type": "Identity"}, {"ref": "z"}]}"#, to: "a.json")
        let bias = #""1.bias":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}"#
        let weight = #""1.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[12,60]}"#
        let header = Array("{\(bias),\(weight)}".utf8)
        let length = [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0]
        let file = Data(length + header + [UInt8](repeating: 0, count: 60))
        try file.write(to: folder.appendingPathComponent("a.safetensors"))
        let server = try RunningServer(arguments: ["--models", folder.path])
        #expect(try index(server) == ["a": "READY ", "z": "READY "])
    }

    @Test func modelsThatReferToEachOtherAreRefused() throws {
        let empty = Data([8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
        for (name, other) in [("a", "b"), ("b", "a")] {
            try empty.write(to: folder.appendingPathComponent("\(name).safetensors"))
            try write(#"{"type": "Sequential", "modules": [{"ref": "\#(other)"}]}"#, to: "\(name).json")
        }
        let refusal = try refusal()
        #expect(refusal.status != 0)
        #expect(refusal.error.contains("--models: a: no module is named 'b'"), "\(refusal.error)")
    }

    @Test func aLoadBringsAFileThatCameLaterAndKeepsTheOldModuleWhenItIsBad() throws {
        let server = try RunningServer(arguments: ["--models", folder.path])
        let client = try Client(port: server.port)
        try add("linear", as: "fc")
        #expect(try index(server) == ["fc": "UNAVAILABLE not loaded"])
        #expect(try client.json("POST", "/v2/repository/models/fc/load").status == 200)
        try write("oops", to: "fc.safetensors")
        let refused = try client.json("POST", "/v2/repository/models/fc/load")
        #expect(refused.status == 400)
        #expect(refused.text.contains("expected at least 8 bytes, got 4"))
        #expect(try client.json("POST", "/v1/modules/fc/call", #"{"input": [1, 2, 3, 4]}"#).status == 200)
        #expect(try index(server) == ["fc": "READY "])
    }

    @Test func eachModelHasALineOfProgress() throws {
        try add("linear")
        try add("digits")
        try write("oops", to: "z.safetensors")
        let text = try refusal().error
        for line in ["loading model 1 of 3: digits", "loading model 2 of 3: linear", "loading model 3 of 3: z"] {
            #expect(text.contains(line), "\(text)")
        }
    }
}
