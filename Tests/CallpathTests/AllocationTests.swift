import Foundation
import Testing

/// What calls and codecs ask of the allocator, held to the lines of `Benchmarks/Thresholds`.
struct AllocationTests {
    #if !DEBUG  // An unoptimised build allocates more.
    @Test func takesNoMoreThanTheThresholdsAllow() throws {
        let thresholds = repository.appendingPathComponent("Benchmarks/Thresholds/allocations.json")
        let (output, status) = try allocations(["--check", thresholds.path])
        #expect(status == 0, "\(output)")
    }
    #endif

    @Test func failsBeyondAThreshold() throws {
        let thresholds = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: thresholds) }
        try Data(#"{"GET /livez": {"allocations": 0, "bytes": 0}}"#.utf8).write(to: thresholds)
        let (output, status) = try allocations(["--check", thresholds.path])
        #expect(status != 0)
        #expect(output.contains("more than the 0 of 0 bytes that the thresholds allow"), "\(output)")
    }

    /// Runs the program that was built beside this test bundle.
    private func allocations(_ arguments: [String]) throws -> (output: String, status: Int32) {
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("allocations")
        return try run(program, arguments)
    }
}
