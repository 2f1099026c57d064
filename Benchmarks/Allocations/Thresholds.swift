import FoundationEssentials

/// The most that each subject may take, as the file in the repository holds it.
struct Thresholds {
    private struct Line: Codable {
        var allocations: Int
        var bytes: Int
    }

    private let lines: [String: Line]

    init(_ measured: [Measurement]) {
        let lines = measured.map { ($0.name, Line(allocations: $0.count, bytes: $0.bytes)) }
        self.lines = Dictionary(uniqueKeysWithValues: lines)
    }

    init(path: String) throws {
        lines = try JSONDecoder().decode([String: Line].self, from: Data(contentsOf: URL(filePath: path)))
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try (encoder.encode(lines) + Data("\n".utf8)).write(to: URL(filePath: path))
    }

    /// Throws if a subject takes more than its line says, or has none, or a line has no subject.
    func check(_ measured: [Measurement]) throws {
        let excesses = measured.compactMap(excess)
        let unknown = Set(lines.keys).subtracting(measured.map(\.name)).sorted().map { "\($0): measured no more" }
        guard excesses.isEmpty, unknown.isEmpty else {
            throw Failure((excesses + unknown).joined(separator: "\n"))
        }
    }

    private func excess(_ measurement: Measurement) -> String? {
        guard let line = lines[measurement.name] else { return "\(measurement.name): has no threshold" }
        guard measurement.count > line.allocations || measurement.bytes > line.bytes else { return nil }
        return "\(measurement), more than the \(line.allocations) of \(line.bytes) bytes that the thresholds allow"
    }
}
