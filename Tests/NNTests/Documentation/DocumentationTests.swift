import FoundationEssentials
import Testing

/// The page about the call path shows a program and its output; neither may drift from what runs.
struct DocumentationTests {
    private static let here = URL(filePath: #filePath).deletingLastPathComponent()

    private static func text(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: here.appending(path: path)), as: UTF8.self)
    }

    /// Returns the page's blocks of code, without their fences.
    private static func blocks() throws -> [String] {
        let parts = try text(of: "../../../Sources/NN/NN.docc/TheCallPath.md").split(separator: "```")
        return stride(from: 1, to: parts.count, by: 2).map { index in
            String(parts[index].drop { $0 != "\n" }.dropFirst())
        }
    }

    @Test func showsTheProgramThatRuns() throws {
        let source = try Self.text(of: "CallPathExample.swift")
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex(of: "    // begin"))
        let end = try #require(lines.firstIndex(of: "    // end"))
        let program = lines[(begin + 1)..<end].map { $0.dropFirst(4) }.joined(separator: "\n") + "\n"
        #expect(try Self.blocks().first == program)
    }

    @Test func showsWhatTheProgramPrints() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            try callPathExample()
        }
        let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        let shown = try #require(Self.blocks().last)
        #expect(output == shown)
    }
}
