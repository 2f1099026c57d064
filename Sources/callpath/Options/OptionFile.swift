/// The file of `--config`: one `name = value` a line, the names those of the flags without dashes; `#` starts a comment.
enum OptionFile {
    /// What is wrong with a file, or with a line of it, which is numbered from 1.
    enum Failure: Error, CustomStringConvertible {
        case unreadable(path: String, NamedFile.Failure)
        case notUTF8(path: String)
        case notAnAssignment(path: String, line: Int)
        case unknownOption(path: String, line: Int, name: String)

        var description: String {
            switch self {
            case .unreadable(let path, let reason): "--config: cannot read '\(path)': \(reason)"
            case .notUTF8(let path): "--config: '\(path)' is not UTF-8 text"
            case .notAnAssignment(let path, let line): "\(path):\(line): expected 'name = value'"
            case .unknownOption(let path, let line, let name):
                "\(path):\(line): unknown option '\(name)'."
                    + NearestWord.hint(name, in: OptionTable.options.map(\.name))
            }
        }
    }

    /// Returns the options that a file gives, with where each stands.
    static func read(_ path: String) throws -> [(option: ServeOption, text: String, source: String)] {
        let bytes: [UInt8]
        do {
            bytes = try NamedFile.bytes(of: path)
        } catch {
            throw Failure.unreadable(path: path, error)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure.notUTF8(path: path) }
        return try text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap {
            index,
            line in
            try assignment(line, path: path, number: index + 1)
        }
    }

    private static func assignment(
        _ line: Substring,
        path: String,
        number: Int
    ) throws -> (option: ServeOption, text: String, source: String)? {
        let content = trimmed(line)
        guard !content.isEmpty, !content.hasPrefix("#") else { return nil }
        let halves = content.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
        guard halves.count == 2, !halves[0].isEmpty else { throw Failure.notAnAssignment(path: path, line: number) }
        guard let option = OptionTable.options.first(where: { $0.name == halves[0] }) else {
            throw Failure.unknownOption(path: path, line: number, name: halves[0])
        }
        return (option, halves[1], "\(path):\(number): \(halves[0])")
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = \.isWhitespace
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
