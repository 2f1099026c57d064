import Foundation

/// The built `callpath` binary, serving on a free port of 127.0.0.1 until this object goes.
final class RunningServer {
    let port: UInt16
    let startupTime: Duration
    private let process: Process
    private let output: Pipe

    var address: String { "127.0.0.1:\(port)" }
    var processIdentifier: Int32 { process.processIdentifier }

    /// Starts the binary with `arguments` after `serve --port 0` and waits for its ready line; its log goes to `log`.
    init(arguments: [String] = [], environment: [String: String] = [:], log: Any = FileHandle.nullDevice) throws {
        process = Process()
        output = Pipe()
        process.executableURL = try Self.binary()
        process.arguments = ["serve", "--port", "0"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = log
        let start = ContinuousClock.now
        try process.run()
        port = try Self.port(inReadyLine: Self.firstLine(of: output))
        startupTime = ContinuousClock.now - start
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
    }

    /// Sends SIGTERM and returns the exit status.
    func terminate() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// The resident memory of the process, in bytes.
    func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/\(processIdentifier)/statm", encoding: .utf8).split(
            separator: " "
        )
        guard fields.count > 1, let pages = Int(fields[1]) else { throw Failure.noMemoryFigure }
        return pages * Int(getpagesize())
    }

    /// The number of files and sockets that the process has open.
    func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(processIdentifier)/fd").count
    }

    enum Failure: Error {
        case noBinary(String)
        case noReadyLine(String)
        case noMemoryFigure
    }

    /// The binary that `script/test` built, or the one beside this test bundle.
    static func binary() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["CALLPATH_BINARY"] { return URL(fileURLWithPath: path) }
        let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
            "callpath"
        )
        guard FileManager.default.isExecutableFile(atPath: beside.path) else { throw Failure.noBinary(beside.path) }
        return beside
    }

    private static func firstLine(of pipe: Pipe) -> String {
        var line = [UInt8]()
        while let byte = pipe.fileHandleForReading.readData(ofLength: 1).first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    private static func port(inReadyLine line: String) throws -> UInt16 {
        let digits = line.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
        guard let port = UInt16(digits) else { throw Failure.noReadyLine(line) }
        return port
    }
}
