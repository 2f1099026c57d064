package import Logging

/// One thing to log, as swift-log gives it.
package struct LogEntry: Sendable {
    package var level: Logger.Level
    /// Who logs it.
    package var label: String
    package var message: String
    package var metadata: Logger.Metadata

    package init(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata = [:]) {
        self.level = level
        self.label = label
        self.message = message
        self.metadata = metadata
    }

    /// Writes the metadata, keys in alphabetical order.
    func write(to line: inout LogLine) {
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line.add(key: key, "\(value)") }
    }
}
