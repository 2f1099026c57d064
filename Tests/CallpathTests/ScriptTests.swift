import Foundation
import Testing

/// What the scripts say when something is missing, takes long or fails.
@Suite(.timeLimit(.minutes(10)))
struct ScriptTests {
    /// A PATH on which there is nothing but these commands.
    private func path(_ commands: [String], in folder: Folder) throws -> String {
        for command in commands {
            let (program, _) = try shell("type -P \(command)")
            let place = program.trimmingCharacters(in: .newlines)
            try FileManager.default.createSymbolicLink(atPath: folder.path(command), withDestinationPath: place)
        }
        return folder.path("")
    }

    /// Who moves a wall draws it anew.
    @Test func theReadmeDrawsTheHouseThatIsBuilt() throws {
        let (output, status) = try shell("script/house --check 2>&1")
        #expect(status == 0, "\(output)")
        let (refusal, refused) = try shell("script/house --nothing 2>&1")
        #expect(refused != 0 && refusal.contains("expected --check"), "\(refusal)")
    }

    /// What a folder names must not name it.
    @Test func foldersOfARoomKnowEachOtherInNoCircle() throws {
        let folder = try Folder()
        _ = try shell("cp -r Package.swift README.md Sources script '\(folder.path(""))'")
        let grammar = folder.path("Sources/HTTP/Grammar/Upward.swift")
        try Data("struct Upward { let request: Request? }\n".utf8).write(to: URL(fileURLWithPath: grammar))
        let (output, status) = try shell("'\(folder.path("script/house"))' --check 2>&1")
        #expect(status == 1)
        #expect(output.contains("HTTP: Grammar -> Message: Upward.swift names Request\n"), "\(output)")
        #expect(output.hasSuffix("move what both know below both\n"), "\(output)")
    }

    @Test(arguments: ["bootstrap", "build", "test", "server"])
    func namesSwiftWhereItIsMissing(script: String) throws {
        let folder = try Folder()
        let commands = ["sh", "bash", "env", "dirname", "grep", "dpkg-query", "cat"]
        let (output, status) = try shell("PATH='\(try path(commands, in: folder))' script/\(script) 2>&1")
        #expect(status != 0)
        #expect(output.split(separator: "\n").count == 1)
        #expect(output.contains("Swift 6.2 or newer is missing: https://www.swift.org/install"), "\(output)")
    }

    @Test(arguments: [["sh", "dirname", "grep", "id"], ["sh", "dirname", "grep", "id", "dpkg-query"]])
    func namesThePackagesWhereThereIsNoAptGet(commands: [String]) throws {
        let folder = try Folder()
        let path = try path(commands + ["true"], in: folder)
        try FileManager.default.moveItem(atPath: folder.path("true"), toPath: folder.path("swift"))
        let (output, status) = try shell("PATH='\(path)' script/bootstrap no-such-package nor-this 2>&1")
        #expect(status == 1)
        let words = "Missing: no-such-package nor-this (Debian's names). There is no apt-get here"
        #expect(output.contains(words), "\(output)")
    }

    @Test func saysThatItIsStillAtWork() throws {
        let (output, status) = try shell("script/aloud 'waiting here' sh -c 'sleep 13; exit 3' 2>&1")
        #expect(status == 3)
        #expect(output.hasPrefix("... waiting here (8 s)\n"), "\(output)")
    }

    /// Whoever reads a command's output to its end does not wait for what counted the time.
    @Test func isSilentAboutWhatIsSoonDone() throws {
        #expect(try shell("script/aloud 'waiting' echo done 2>&1").output == "done\n")
    }

    private static let log = """
        ◇ Test run started.
        ◇ Suite Sums started.
        ◇ Test adds() started.
        ◇ Test "takes away" started.
        ◇ Test rounds(number:) started.
        ◇ Test case passing 1 argument number → 1 to rounds(number:) started.
        ✘ Test rounds(number:) recorded an issue with 1 argument number → "1 at 2.swift:3:4: x" at SumTests.swift:12:9: Expectation failed: (a → 1) == (b → 2)
        ↳ one is not two
        ✘ Test rounds(number:) recorded an issue with 1 argument number → 2 at SumTests.swift:13:9: Expectation failed: later
        ✘ Test case passing 1 argument number → 1 to rounds(number:) failed after 0.001 seconds with 1 issue.
        ✔ Test adds() passed after 0.001 seconds.
        ✘ Test "takes away" recorded an issue at DifferenceTests.swift:3:1: Caught error: .noBinary("x")
        ✘ Test "takes away" failed after 0.003 seconds with 1 issue.
        ✘ Test rounds(number:) with 2 test cases failed after 0.002 seconds with 2 issues.
        ✘ Suite Sums failed after 0.004 seconds with 3 issues.
        ✘ Test run with 3 tests in 1 suite failed after 0.004 seconds with 3 issues.

        """

    @Test func endsWithWhatFailed() throws {
        let folder = try Folder()
        let (output, status) = try shell("script/summary '\(try folder.write(Self.log, to: "log"))'")
        #expect(status == 1)
        #expect(
            output == """

                Failed:
                  rounds(number:) SumTests.swift:12:9: Expectation failed: (a → 1) == (b → 2)
                  "takes away" DifferenceTests.swift:3:1: Caught error: .noBinary("x")

                1 passed, 2 failed

                """
        )
    }

    @Test func namesTheTestsThatARunDidNotFinish() throws {
        let log = """
            ◇ Test adds() started.
            ◇ Test crashes(number:) started.
            ✔ Test adds() passed after 0.001 seconds.
            SumTests/SumTests.swift:5: Fatal error: Index out of range
            error: Exited with unexpected signal code 5

            """
        let folder = try Folder()
        let (output, status) = try shell("script/summary '\(try folder.write(log, to: "log"))'")
        #expect(status == 1)
        let crash = "SumTests/SumTests.swift:5: Fatal error: Index out of range"
        #expect(output.contains("before:\n  crashes(number:)\n  \(crash)\n"), "\(output)")
        #expect(output.hasSuffix("\n1 passed, 1 failed\n"))
    }

    /// On a busy machine lines get lost between the test process and whoever reads it.
    @Test(arguments: [
        ("passed after 1 seconds.", 0, "2 passed, 0 failed"),
        ("failed after 1 seconds with 1 issue.", 1, "1 passed, 1 failed"),
    ])
    func believesTheEndOfARunWhereLinesAreLost(end: String, expected: Int32, words: String) throws {
        let folder = try Folder()
        let log = """
            ◇ Test adds() started.
            ◇ Test loses() started.
            ✔ Test adds() passed after 0.001 seconds.
            ✔ Test run with 2 tests in 1 suite \(end)

            """
        let (output, status) = try shell("script/summary '\(try folder.write(log, to: "log"))'")
        #expect(status == expected)
        #expect(output.contains(words), "\(output)")
        #expect(!output.contains("loses()"), "\(output)")
    }

    @Test func saysThatAllPassed() throws {
        let folder = try Folder()
        let log = try folder.write("◇ Test adds() started.\n✔ Test adds() passed after 0.001 seconds.\n", to: "log")
        let (output, status) = try shell("script/summary '\(log)'")
        #expect((output, status) == ("\n1 passed, 0 failed\n", 0))
    }
}
