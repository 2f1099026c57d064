import Foundation
import Testing

/// Holds the table of limits in SECURITY.md to the binary's options and to the tests that it names.
struct LimitTableTests {
    private struct Row {
        let limit: String
        let defaults: [String]
        let options: [String]
        let tests: [String]
    }

    @Test func namesOptionsWithTheirDefaults() throws {
        let actual = try options()
        for row in try rows() where !row.options.isEmpty {
            #expect(row.options.count == row.defaults.count, "\(row.limit)")
            for (option, value) in zip(row.options, row.defaults) {
                #expect(actual[option].map(Self.normalized) == Self.normalized(value), "\(option)")
            }
        }
    }

    @Test func namesEveryOptionThatIsALimit() throws {
        let named = Set(try rows().flatMap(\.options))
        let limits = try options().keys.filter { name in
            name.hasPrefix("max-") || name.hasPrefix("rate-") || name.hasPrefix("kept-")
                || ["-timeout", "-limit", "-turn"].contains { name.hasSuffix($0) }
        }
        #expect(limits.filter { !named.contains($0) }.sorted() == [])
    }

    @Test func namesTestsThatExist() throws {
        let existing = try testNames()
        for row in try rows() {
            #expect(!row.tests.isEmpty, "\(row.limit)")
            for test in row.tests { #expect(existing.contains(test), "\(row.limit): \(test)") }
        }
    }

    @Test func refusesAKeysFileThatIsTooLarge() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(repeating: UInt8(ascii: "#"), count: 1 << 20).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try RunningServer(arguments: ["--keys", file.path])
        try Data(repeating: UInt8(ascii: "#"), count: (1 << 20) + 1).write(to: file)
        #expect(try run("serve", "--port", "0", "--keys", file.path).contains("has more than 1048576 bytes"))
    }

    /// The rows of the table, by its columns.
    private func rows() throws -> [Row] {
        let text = try String(contentsOf: repository.appendingPathComponent("SECURITY.md"), encoding: .utf8)
        let lines = text.split(separator: "\n").drop { $0 != "## Limits" }.filter { $0.hasPrefix("| ") }.dropFirst()
        return lines.map { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            return Row(
                limit: cells[1],
                defaults: cells[2].components(separatedBy: ", "),
                options: cells[3].matches(of: /`--([a-z-]+)`/).map { String($0.1) },
                tests: cells[5].matches(of: /`(\w+)`/).map { String($0.1) }
            )
        }
    }

    /// The options of the binary with their defaults, as `--print-config` writes them.
    private func options() throws -> [String: String] {
        let lines = try run("serve", "--print-config").split(separator: "\n")
        let pairs = lines.map { $0.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) } }
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") })
    }

    /// `10,000` as `10000`, `8 KiB` as `8KiB`, `2 min` and `2m` as `120s`; words behind the value say what it is of.
    private static func normalized(_ value: String) -> String {
        guard let match = value.replacing(",", with: "").firstMatch(of: /^(\d+) ?(KiB|MiB|GiB|s|min|m\b)?/) else {
            return value
        }
        guard let unit = match.2, unit.hasPrefix("m"), let minutes = Int(match.1) else {
            return "\(match.1)\(match.2 ?? "")"
        }
        return "\(60 * minutes)s"
    }

    private func testNames() throws -> Set<String> {
        let tests = repository.appendingPathComponent("Tests")
        let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
        var names: Set<String> = []
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            for name in text.matches(of: /@Test[^{]*?\bfunc (\w+)\(/) { names.insert(String(name.1)) }
        }
        return names
    }

    private func run(_ arguments: String...) throws -> String {
        let (process, output) = (Process(), Pipe())
        process.executableURL = try RunningServer.binary()
        process.arguments = arguments
        process.environment = [:]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
