package import Logging

/// The backend of swift-log that hands everything to a `LogQueue`.
package struct QueuedLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let queue: LogQueue

    /// Creates a handler for the logger called `label`.
    package init(label: String, level: Logger.Level, queue: LogQueue) {
        self.label = label
        self.queue = queue
        logLevel = level
    }

    package func log(event: LogEvent) {
        var metadata = self.metadata
        if let provided = metadataProvider?.get() { metadata.merge(provided) { _, new in new } }
        if let own = event.metadata { metadata.merge(own) { _, new in new } }
        queue.append(LogEntry(level: event.level, label: label, message: "\(event.message)", metadata: metadata))
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
