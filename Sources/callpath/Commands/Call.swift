import Glibc
import JSON

/// `callpath call`: calls a module of a running server.
struct Call: Command {
    static let form = CommandForm(
        name: "call",
        summary: "Call a module of a running server, and print what PyTorch would print.",
        details: """
            The input is JSON: a number or a list for a module of one input, an object by \
            their names for several, as '{"user": [1, 2], "item": [3]}', or '-' to read it \
            from standard input. NaN and infinity are written "NaN", "Infinity" and \
            "-Infinity".
            """,
        words: [
            .init(kind: .argument, name: "name", help: "The module's name.", isRequired: true),
            .init(kind: .argument, name: "input", help: "The input as JSON, or '-'.", isRequired: true),
        ] + ServerClient.words
    )

    private let name: String
    private let input: String
    private let server: ServerClient

    init(_ words: [String]) throws {
        let given = try GivenWords(words, of: Self.form)
        name = given.required("name")
        input = given.required("input")
        server = try ServerClient(given)
    }

    func run() throws {
        let body = try Self.body(try text())
        let fields = ["Content-Type": "application/json", "Accept": "text/plain"]
        let answer = try server.send("POST", ModulePath.of(name) + "/call", fields: fields, body: body)
        try Output.write(answer)
    }

    private func text() throws -> [UInt8] {
        guard input == "-" else { return Array(input.utf8) }
        return try NamedFile.bytes(from: STDIN_FILENO)
    }

    /// Returns the body of a call: a tensor with its shape or type is one input, any other object holds several.
    private static func body(_ text: [UInt8]) throws -> [UInt8] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw UsageError("INPUT: expected JSON such as '[1, 2, 3]', got \(shown(text)): \(error)\(hint(text))")
        }
        let isSeveral = value.asObject.map { $0["data"] == nil } ?? false
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(isSeveral ? "inputs" : "input")
        // As it was written, so that no digit is lost.
        writer.writeRaw(text)
        writer.endObject()
        return writer.finish()
    }

    private static func shown(_ text: [UInt8]) -> String {
        "'\(String(decoding: text.prefix(80), as: UTF8.self))'\(text.count > 80 ? "..." : "")"
    }

    /// What Python and JavaScript print for numbers that JSON has not is taken as text.
    private static func hint(_ text: [UInt8]) -> String {
        let words = String(decoding: text.prefix(10_000), as: UTF8.self).lowercased()
        guard words.contains("nan") || words.contains("inf") else { return "" }
        return #" (NaN and infinity are written "NaN", "Infinity" and "-Infinity", with their quotes)"#
    }
}

/// The path of a module on a server.
enum ModulePath {
    /// Returns the path of a name, whatever somebody typed as one.
    static func of(_ name: String) -> String { "/v1/modules/\(segment(name))" }

    /// Returns a name as one segment of a path.
    static func segment(_ name: String) -> String {
        name.utf8.map { byte in
            let isAlphanumeric = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            if isAlphanumeric || "._-".utf8.contains(byte) { return String(Unicode.Scalar(byte)) }
            return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
        .joined()
    }
}
