import ArgumentParser
import FoundationEssentials
import Glibc
import JSON

/// `callpath load`: brings a model's file to a running server.
struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load a safetensors file into a running server, as a new module or a new version of one.",
        discussion: """
            What the module is stands in the file's metadata, as `callpath export` and `callpath save` write it, or in
            NAME.json beside it; the state dictionary of a Linear needs neither.
            """
    )

    @Argument(help: "NAME.safetensors.")
    var file: String

    @Option(help: "The module's name; the file's if not given.")
    var name: String?

    @OptionGroup var server: ServerClient

    func validate() throws {
        guard file.hasSuffix(".safetensors") else {
            throw ValidationError("FILE: expected NAME.safetensors, got '\(file)'")
        }
    }

    func run() throws {
        let stem = String(file.dropLast(".safetensors".count))
        let name = name ?? String(stem.split(separator: "/").last ?? "")
        let bytes = try read(file)
        let beside = "\(stem).json"
        let description = access(beside, F_OK) == 0 ? String(decoding: try read(beside), as: UTF8.self) : "{}"
        var writer = JSONWriter(capacity: bytes.count / 3 * 4 + 1024)
        writer.beginObject()
        writer.key("parameters")
        writer.beginObject()
        writer.member("config", description)
        writer.member("file:1/model.safetensors", Data(bytes).base64EncodedString())
        writer.endObject()
        writer.endObject()
        let path = "/v2/repository/models/\(ModulePath.segment(name))/load"
        _ = try server.send("POST", path, fields: ["Content-Type": "application/json"], body: writer.finish())
        print("loaded \(name)")
    }

    private func read(_ path: String) throws -> [UInt8] {
        do {
            return try NamedFile.bytes(of: path)
        } catch {
            throw StartFailure("FILE", "cannot read '\(path)': \(error)")
        }
    }
}
