import Foundation
import Testing

/// The example that trains a network does what its first lines say.
struct TrainDigitsTests {
    @Test func showsItsLossOnTheWayDownAndKnows95Of100Digits() throws {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let digits = repository.appending(path: "Tests/CallpathTests/Fixtures/digits")
        let process = Process()
        let output = Pipe()
        process.executableURL = folder.appending(path: "train-digits")
        process.arguments = [digits.path()]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        let losses = text.matches(of: /loss (\d+\.\d+)/).compactMap { Double($0.output.1) }
        #expect(losses.count == 21)
        #expect(try #require(losses.first) > 2 && #require(losses.last) < 0.1)
        let known = try #require(text.firstMatch(of: /knows (\d+\.\d+) of 100 digits/)).output.1
        #expect(try #require(Double(known)) >= 95)
    }
}
