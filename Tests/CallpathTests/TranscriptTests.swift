import Foundation
import Testing

/// The pages that show a session with the server show what the server really answers.
///
/// `CALLPATH_UPDATE_TRANSCRIPTS=1 script/test` writes the real answers into the pages instead.
@Suite(.timeLimit(.minutes(10)))
struct TranscriptTests {
    @Test(arguments: ["README.md"])
    func showsWhatTheServerAnswers(page: String) throws {
        let file = repository.appendingPathComponent(page)
        let transcript = Transcript(page: try String(contentsOf: file, encoding: .utf8))
        try #require(!transcript.steps.isEmpty)
        let server = try RunningServer()
        let outputs = try transcript.steps.map { step in
            let command = step.command.replacingOccurrences(of: "localhost:8080", with: server.address)
            return try shell(command).output.replacingOccurrences(of: server.address, with: "localhost:8080")
        }
        if ProcessInfo.processInfo.environment["CALLPATH_UPDATE_TRANSCRIPTS"] != nil {
            try transcript.page(showing: outputs).write(to: file, atomically: true, encoding: .utf8)
        } else {
            for (step, output) in zip(transcript.steps, outputs) {
                // A command whose answer ends without a newline is shown with one.
                let shown = output.isEmpty || output.hasSuffix("\n") ? output : output + "\n"
                #expect(shown == step.output, "\(step.command)")
            }
        }
    }
}
