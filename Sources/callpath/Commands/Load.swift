import Glibc
import JSON

/// `callpath load`: brings a model's file to a running server.
struct Load: Command {
    static let form = CommandForm(
        name: "load",
        summary: "Load a safetensors file into a running server, as a new module or a new version of one.",
        details: """
            What the module is stands in the file's metadata, as `callpath export` and \
            `callpath save` write it, or in NAME.json beside it; the state dictionary of a \
            Linear needs neither.
            """,
        words: [
            .init(kind: .argument, name: "file", help: "NAME.safetensors.", isRequired: true),
            .init(kind: .option, name: "name", help: "The module's name; the file's if not given."),
        ] + ServerClient.words
    )

    private let file: String
    private let name: String?
    private let server: ServerClient

    init(_ words: [String]) throws {
        let given = try GivenWords(words, of: Self.form)
        file = given.required("file")
        name = given["name"]
        server = try ServerClient(given)
        guard file.hasSuffix(".safetensors") else {
            throw UsageError("FILE: expected NAME.safetensors, got '\(file)'")
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
        writer.member("file:1/model.safetensors", Base64.text(bytes))
        writer.endObject()
        writer.endObject()
        let path = "/v2/repository/models/\(ModulePath.segment(name))/load"
        do {
            _ = try server.send("POST", path, fields: ["Content-Type": "application/json"], body: writer.finish())
        } catch ClientFailure.refused(let detail) {
            throw ClientFailure.refused(Self.named(detail, file: file, beside: beside))
        }
        try Output.say("loaded \(name)")
    }

    /// Says what the server refused with the names that the files have here, and of which of them it speaks.
    private static func named(_ detail: String, file: String, beside: String) -> String {
        let names = [("parameter 'file:1/model.safetensors'", file), ("parameter 'config'", beside)]
        for (inner, name) in names where detail.contains(inner) { return detail.replacing(inner, with: "'\(name)'") }
        return "'\(file)': \(detail)"
    }

    private func read(_ path: String) throws -> [UInt8] {
        do {
            return try NamedFile.bytes(of: path)
        } catch {
            throw StartFailure("FILE", "cannot read '\(path)': \(error)")
        }
    }
}
