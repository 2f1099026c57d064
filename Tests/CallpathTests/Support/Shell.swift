import Foundation

/// Runs `command` in bash at the root of the repository and returns what it wrote and how it ended.
func shell(_ command: String, environment: [String: String] = [:]) throws -> (output: String, status: Int32) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = repository
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = output
    try process.run()
    let written = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: written, as: UTF8.self), process.terminationStatus)
}

/// Runs `program` to its end, with the environment of the tests unless another is given, and returns all that it wrote.
func run(
    _ program: URL,
    _ arguments: [String],
    environment: [String: String]? = nil
) throws -> (output: String, status: Int32) {
    let process = Process()
    let output = Pipe()
    process.executableURL = program
    process.arguments = arguments
    if let environment { process.environment = environment }
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let written = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (String(decoding: written, as: UTF8.self), process.terminationStatus)
}
