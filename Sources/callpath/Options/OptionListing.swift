/// The options as people read them.
enum OptionListing {
    /// The lines that `serve --help` prints.
    static var help: String {
        let rows = OptionTable.options.map { option in
            let usage = "  \(option.flag) \(option.placeholder)"
            let standard = option.standard
            return pad(usage, to: 44) + option.help + (standard.isEmpty ? "" : " (default \(standard))")
        }
        return """
            USAGE: callpath serve [options]

            Each option is also an environment variable, CALLPATH_ and its name: --max-body-bytes is
            CALLPATH_MAX_BODY_BYTES. A flag wins over a variable. Times are written 500ms, 10s, 2m; bytes 65536, 64MiB.

            \(rows.joined(separator: "\n"))
            \(pad("  --config FILE", to: 44))a file of options, 'name = value' a line; the environment wins over it
            \(pad("  --print-config", to: 44))print the configuration and end
            \(pad("  --print-options", to: 44))print the options as a Markdown table and end
            """
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

    static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
