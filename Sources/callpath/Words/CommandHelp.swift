/// What `--help` prints.
enum CommandHelp {
    /// What there is.
    static func overview(of forms: [CommandForm]) -> String {
        let rows = forms.map { row($0.name, $0.summary) }
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
        var parts = ["OVERVIEW: \(form.summary)"]
        if let details = form.details { parts.append(details) }
        parts.append("USAGE: \(form.usage)")
        let arguments = form.words.filter { $0.kind == .argument }
        if !arguments.isEmpty { parts.append(section("ARGUMENTS:", arguments)) }
        let options = form.words.filter { $0.kind != .argument }
        parts.append(section("OPTIONS:", options) + "\n" + row("-h, --help", "Show help information."))
        return parts.joined(separator: "\n\n")
    }

    private static func section(_ title: String, _ words: [CommandForm.Word]) -> String {
        ([title] + words.map { row($0.title, $0.help) }).joined(separator: "\n")
    }

    private static func row(_ title: String, _ help: String) -> String {
        let start = "  \(title)"
        let indent = String(repeating: " ", count: indentation)
        let text = lines(of: help).joined(separator: "\n\(indent)")
        guard start.count < indentation else { return "\(start)\n\(indent)\(text)" }
        return OptionListing.pad(start, to: indentation) + text
    }

    /// Where a row's help begins.
    private static let indentation = 26
    /// Where its lines end at the latest.
    private static let width = 80

    private static func lines(of text: String) -> [String] {
        text.split(separator: " ").reduce(into: []) { lines, word in
            guard let last = lines.last, last.count + 1 + word.count <= width - indentation else {
                return lines.append(String(word))
            }
            lines[lines.count - 1] = "\(last) \(word)"
        }
    }
}
