import Logging
import Serving
import Tensors

extension Logger {
    /// Logs what a `log` hook saw: shape and summary, never the data.
    func log(_ line: HookLogLine) {
        log(
            level: Logger.Level(rawValue: line.level.rawValue) ?? .info,
            "hook",
            metadata: [
                "name": "\(line.name)", "module": "\(line.module)", "kind": "\(line.kind.rawValue)",
                "shape": "\(line.shape)", "dtype": "\(line.dtype.rawValue)", "count": "\(line.summary.count)",
                "nan_count": "\(line.summary.nanCount)", "mean": "\(Self.text(line.summary.mean))",
                "min": "\(Self.text(line.summary.min))", "max": "\(Self.text(line.summary.max))",
            ]
        )
    }

    private static func text(_ number: Double?) -> String {
        number.map { "\($0)" } ?? "none"
    }
}
