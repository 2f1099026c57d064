/// What `--help` prints.
enum CommandHelp {
    /// What there is.
    static func overview(of forms: [CommandForm]) -> String {
        let rows = (forms + [export]).map { row($0.name, $0.summary) }
        return """
            OVERVIEW: PyTorch-style modules behind HTTP.

            USAGE: callpath <subcommand>

            OPTIONS:
            \(row("--version", "Show the version."))
            \(row("-h, --help", "Show help information."))

            SUBCOMMANDS:
            \(rows.joined(separator: "\n"))

              See 'callpath help <subcommand>' for detailed help.
            """
    }

    /// How a subcommand is used.
    static func text(of form: CommandForm) -> String {
        var parts = [wrapped("OVERVIEW: \(form.summary)")]
        if let details = form.details { parts.append(wrapped(details)) }
        parts.append(usage(of: form))
        let arguments = form.words.filter { $0.kind == .argument }
        if !arguments.isEmpty { parts.append(section("ARGUMENTS:", arguments)) }
        let options = form.words.filter { $0.kind != .argument }
        parts.append(section("OPTIONS:", options) + "\n" + row("-h, --help", "Show help information."))
        return parts.joined(separator: "\n\n")
    }

    private static func section(_ title: String, _ words: [CommandForm.Word]) -> String {
        ([title] + words.map { row($0.title, $0.help) }).joined(separator: "\n")
    }

    /// The subcommand that the Python package has beside those of the binary.
    static let export = CommandForm(
        name: "export",
        summary: "Write a PyTorch model as NAME.safetensors (in the Python package).",
        placeholder: "[<model>] <file> [options]"
    )

    /// What the binary by itself can say of it.
    static let exportText = """
        OVERVIEW: Write a PyTorch model as NAME.safetensors, for --models and `load`.

        It comes with the Python package, and is described by 'callpath export --help':

          pip install callpath torch safetensors
        """

    /// A line for the form of a call, and more where it is long: no word is cut from its value.
    private static func usage(of form: CommandForm) -> String {
        let start = "USAGE: callpath \(form.name)"
        let words = form.shownWords
        var lines = [start]
        for word in words {
            let last = lines[lines.count - 1]
            if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(pad("", to: start.count) + " \(word)")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// What an option or a subcommand is, beside its title or below it.
    static func row(_ title: String, _ help: String, indentation: Int = indentation, width: Int = width) -> String {
        let start = "  \(title)"
        let indent = String(repeating: " ", count: indentation)
        let text = lines(of: help, width: width - indentation).joined(separator: "\n\(indent)")
        guard start.count < indentation else { return "\(start)\n\(indent)\(text)" }
        return pad(start, to: indentation) + text
    }

    /// Where a row's help begins.
    private static let indentation = 26
    /// Where lines end at the latest.
    private static let width = 80

    /// A text whose lines are kept, and cut where they are too long.
    private static func wrapped(_ text: String) -> String {
        text.split(separator: "\n").flatMap { lines(of: String($0), width: width) }.joined(separator: "\n")
    }

    private static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func lines(of text: String, width: Int) -> [String] {
        text.split(separator: " ").reduce(into: []) { lines, word in
            guard let last = lines.last, last.count + 1 + word.count <= width else {
                return lines.append(String(word))
            }
            lines[lines.count - 1] = "\(last) \(word)"
        }
    }
}
