/// How log lines are written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-11-23T08:30:00.000Z info callpath: message key=value`.
    case text
    /// One JSON object a line.
    case json
}
