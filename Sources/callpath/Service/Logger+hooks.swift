import Logging
import Models
import Serving
import Tensors

extension Logger {
    /// Logs what a `log` hook saw, and in which request: shape and summary, never the data.
    func log(_ line: HookLogLine) {
        var metadata: Logger.Metadata = [
            "name": "\(line.name)", "module": "\(line.module)", "kind": "\(line.kind.rawValue)",
            "shape": "\(line.shape)", "dtype": "\(line.dtype.rawValue)", "count": "\(line.summary.count)",
            "nan_count": "\(line.summary.nanCount)", "mean": "\(Self.text(line.summary.mean))",
            "min": "\(Self.text(line.summary.min))", "max": "\(Self.text(line.summary.max))",
        ]
        if let node = line.node { metadata["node"] = "\(node)" }
        // Under the names that they have in the access log.
        if let origin = line.origin { metadata["request_id"] = "\(origin.requestID)" }
        if let trace = line.origin?.traceID { metadata["trace_id"] = "\(trace)" }
        log(level: Logger.Level(rawValue: line.level.rawValue) ?? .info, "hook", metadata: metadata)
    }

    /// Logs how it stands with the way to a shared store.
    func log(_ news: StoreNews) {
        switch news {
        case .lost(let reason): warning("no changes for now, calls go on: \(reason)")
        case .found: notice("the registry's database can be reached")
        case .refused(let reason): warning("the registry's database refused a change: \(reason)")
        case .changesLost(let count):
            error("the registry's database has lost changes of \(count) modules; the registry has another instance now")
        case .damaged(let name, let reason): error("module \(name) is damaged: \(reason)")
        }
    }

    private static func text(_ number: Double?) -> String {
        number.map { "\($0)" } ?? "none"
    }
}
