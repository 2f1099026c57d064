/// The options as people read them.
enum OptionListing {
    /// The lines that `serve --help` prints.
    static var help: String {
        let options = OptionTable.options.map { option in
            let standard = option.standard
            return row(
                "\(option.flag) \(option.placeholder)",
                option.help + (standard.isEmpty ? "" : " (default \(standard))")
            )
        }
        let others = [
            row("--config FILE", "a file of options, 'name = value' a line; the environment wins over it"),
            row("--print-config", "print the configuration and end"),
            row("--print-options", "print the options as a Markdown table and end"),
            row("-h, --help", "print this and end"),
        ]
        return """
            USAGE: callpath serve [options]

            Each option is also an environment variable, CALLPATH_ and its name: --max-body-bytes is
            CALLPATH_MAX_BODY_BYTES. A flag wins over a variable. Times are written 500ms, 10s, 2m;
            bytes 65536, 64MiB.

            \((options + others).joined(separator: "\n"))
            """
    }

    private static func row(_ title: String, _ help: String) -> String {
        CommandHelp.row(title, help, indentation: 38, width: 96)
    }

    /// The table of docs/options.md.
    static var table: String {
        let rows = OptionTable.options.map { option in
            let standard = option.standard
            return
                "| `\(option.flag)` | `\(option.variable)` | \(standard.isEmpty ? "" : "`\(standard)`") | \(option.help) |"
        }
        return (["| flag | variable | default | what it is |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }

    /// Returns each option with its value in `configuration`, a line each.
    static func values(in configuration: Configuration) -> String {
        OptionTable.options.map { "\($0.name) = \($0.text(in: configuration))" }.joined(separator: "\n")
    }
}
