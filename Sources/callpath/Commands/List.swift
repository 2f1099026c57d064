import JSON

/// `callpath list`: shows the modules of a running server.
struct List: Command {
    static let form = CommandForm(
        name: "list",
        summary: "List the modules of a running server: name, version and type, sorted by name.",
        words: ServerClient.words
    )

    private let server: ServerClient

    init(_ words: [String]) throws {
        server = try ServerClient(GivenWords(words, of: Self.form))
    }

    func run() throws {
        var after = ""
        repeat {
            let page = try JSONValue(parsing: server.send("GET", "/v1/modules?limit=1000\(after)"))
            let modules = page["modules"]?.asArray ?? []
            var lines = ""
            for module in modules {
                let words = [
                    module["name"]?.asString, module["version"]?.asInt.map(String.init), module["type"]?.asString,
                ]
                lines += words.map { $0 ?? "" }.joined(separator: "\t") + "\n"
            }
            try Output.write(Array(lines.utf8))
            let last = modules.last?["name"]?.asString ?? ""
            after = page["next"]?.asString == nil ? "" : "&after=\(ModulePath.segment(last))"
        } while !after.isEmpty
    }
}
