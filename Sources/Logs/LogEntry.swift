package import Logging

/// One thing to log, kept as values until a writer has time to put it into words.
package struct LogEntry: Sendable {
    /// Nanoseconds since 1970.
    package var time: Int64
    package var level: Logger.Level
    /// Who logs it.
    package var label: String
    package var message: String
    package var metadata: Logger.Metadata

    /// Creates an entry for now, unless `time` says otherwise.
    package init(
        level: Logger.Level,
        label: String,
        message: String,
        metadata: Logger.Metadata = [:],
        time: Int64 = WallClock.nanoseconds()
    ) {
        self.time = time
        self.level = level
        self.label = label
        self.message = message
        self.metadata = metadata
    }
}
