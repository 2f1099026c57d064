import Glibc

/// `callpath save`: brings a module of a running server into a file.
struct Save: Command {
    static let form = CommandForm(
        name: "save",
        summary: "Save a module of a running server as a safetensors file, for `load` and --models.",
        words: [
            .init(kind: .argument, name: "name", help: "The module's name.", isRequired: true),
            .init(
                kind: .argument,
                name: "file",
                help: "The file, or '-' for standard output; NAME.safetensors if not given."
            ),
        ] + ServerClient.words
    )

    private let name: String
    private let file: String?
    private let server: ServerClient

    init(_ words: [String]) throws {
        let given = try GivenWords(words, of: Self.form)
        name = given.required("name")
        file = given["file"]
        server = try ServerClient(given)
    }

    func run() throws {
        let path = ModulePath.of(name) + "/state_dict"
        let bytes = try server.send("GET", path, fields: ["Accept": "application/x-safetensors"])
        let file = file ?? "\(name).safetensors"
        guard file != "-" else { return try Output.write(bytes) }
        do {
            try NamedFile.write(bytes, to: file)
        } catch {
            throw StartFailure("FILE", "cannot write '\(file)': \(error)")
        }
        try Output.say("saved \(name) to \(file)")
    }
}
