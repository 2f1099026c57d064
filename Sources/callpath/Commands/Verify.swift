import ArgumentParser
import Logs
import Store

/// `callpath verify`: looks whether a folder still holds what was written into it.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at all rows and files of the folder of --data while no server has it open.",
        discussion: """
            Prints a line for each thing that is wrong: NAME VERSION: REASON, or FILE: REASON.
            Exit status: 0 if nothing is, 1 if something is, 2 if it cannot look.
            """
    )

    @Option(help: ArgumentHelp("The folder that keeps the registry.", valueName: "dir"))
    var data: String

    func run() throws {
        let count: Int
        do throws(StoreError) {
            count = try Store.verify(path: data) { print("\($0): \($1)") }
        } catch {
            _ = StandardError.write(Array("Error: --data: \(error.message)\n".utf8))
            throw ExitCode(2)
        }
        guard count == 0 else { throw ExitCode.failure }
        print("ok: nothing is damaged")
    }
}
