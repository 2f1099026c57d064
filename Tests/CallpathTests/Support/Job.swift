import Foundation

/// A command of the shell that runs beside the test; what it writes has to fit a pipe.
final class Job {
    private let process = Process()
    private let output = Pipe()

    init(_ command: String) throws {
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = repository
        process.standardOutput = output
        try process.run()
    }

    deinit { process.terminate() }

    /// Waits for its end and returns what it wrote.
    func wait() -> String {
        let written = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: written, as: UTF8.self)
    }
}
