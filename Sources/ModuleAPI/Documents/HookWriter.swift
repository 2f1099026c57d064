import JSON
import Models
import Serving
import Tensors
import Web

/// Writes hooks as a client would describe them, with what they have gathered.
enum HookWriter {
    /// Writes a hook as it was asked for, without what it gathers: a version of a module has it for good.
    static func write(_ hook: ListedHook, to writer: inout JSONWriter) {
        writer.beginObject()
        writeMembers(hook, to: &writer)
        writer.endObject()
    }

    /// Writes a hook with the last tensor that it captured, or its statistics.
    static func writeWhole(_ hook: ListedHook, _ policy: NonFinitePolicy, to writer: inout JSONWriter)
        throws(DocumentProblem)
    {
        writer.beginObject()
        writeMembers(hook, to: &writer)
        if case .capture = hook.description.action {
            try writer.member("capture", hook.record.lastCapture, policy)
        }
        if case .statistics = hook.description.action {
            writer.key("statistics")
            write(hook.record.statistics, to: &writer)
        }
        writer.endObject()
    }

    private static func writeMembers(_ hook: ListedHook, to writer: inout JSONWriter) {
        writer.member("id", hook.id)
        writer.member("kind", hook.description.kind.rawValue)
        if let module = hook.module {
            writer.member("module", module)
            if let node = hook.description.node { writer.member("node", node) }
            writer.member("prepend", hook.description.prepend)
        }
        writer.key("action")
        ActionWriter.write(hook.description.action, at: hook.description.at, to: &writer)
        writer.member("always_call", hook.description.alwaysCall)
    }

    private static func write(_ statistics: TensorSummary?, to writer: inout JSONWriter) {
        guard let statistics else { return writer.writeNull() }
        writer.beginObject()
        writer.member("count", statistics.count)
        write(statistics.mean, as: "mean", to: &writer)
        write(statistics.variance, as: "variance", to: &writer)
        write(statistics.min, as: "min", to: &writer)
        write(statistics.max, as: "max", to: &writer)
        writer.member("nan_count", statistics.nanCount)
        writer.endObject()
    }

    private static func write(_ number: Double?, as name: String, to writer: inout JSONWriter) {
        writer.key(name)
        if let number { writer.write(number) } else { writer.writeNull() }
    }
}
