import ArgumentParser
import Glibc

/// `callpath save`: brings a module of a running server into a file.
struct Save: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Save a module of a running server as a safetensors file, for `load` and --models."
    )

    @Argument(help: "The module's name.")
    var name: String

    @Argument(help: "The file, or '-' for standard output; NAME.safetensors if not given.")
    var file: String?

    @OptionGroup var server: ServerClient

    func run() throws {
        let path = ModulePath.of(name) + "/state_dict"
        let bytes = try server.send("GET", path, fields: ["Accept": "application/x-safetensors"])
        let file = file ?? "\(name).safetensors"
        do {
            guard file != "-" else { return try NamedFile.write(bytes, to: STDOUT_FILENO) }
            try NamedFile.write(bytes, to: file)
        } catch {
            throw StartFailure("FILE", "cannot write '\(file)': \(error)")
        }
        print("saved \(name) to \(file)")
    }
}
