import Logs
import Store

/// `callpath verify`: looks whether a folder still holds what was written into it.
struct Verify: Command {
    static let form = CommandForm(
        name: "verify",
        summary: "Look at all rows and files of the folder of --data while no server has it open.",
        details: """
            Prints a line for each thing that is wrong: NAME VERSION: REASON, or FILE: REASON.
            Exit status: 0 if nothing is, 1 if something is, 2 if it cannot look.
            """,
        words: [
            .init(
                kind: .option,
                name: "data",
                help: "The folder that keeps the registry.",
                isRequired: true,
                value: "dir"
            )
        ]
    )

    private let data: String

    init(_ words: [String]) throws {
        data = try GivenWords(words, of: Self.form).required("data")
    }

    func run() throws {
        let count: Int
        var failure: Output.Failure?
        do throws(StoreError) {
            count = try Store.verify(path: data) { subject, reason in
                do throws(Output.Failure) {
                    try Output.say("\(subject): \(reason)")
                } catch { failure = error }
            }
        } catch {
            _ = StandardError.write(Array("Error: --data: \(error.message)\n".utf8))
            throw ExitStatus(code: 2)
        }
        if let failure { throw failure }
        guard count == 0 else { throw ExitStatus.failure }
        try Output.say("ok: nothing is damaged")
    }
}
