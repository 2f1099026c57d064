import JSON
import Models
import NN
import Serving
import Web

/// Writes the call path that a call took.
enum TraceWriter {
    static func write(_ events: [TraceEvent], to writer: inout JSONWriter) {
        writer.key("events")
        writer.beginArray()
        for event in events { write(event, to: &writer) }
        writer.endArray()
    }

    private static func write(_ event: TraceEvent, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("event", event.kind.rawValue)
        writer.member("module", event.module)
        writer.member("type", event.type)
        writer.member("scope", event.scope)
        if let name = event.name { writer.member("name", name) }
        if let node = event.node { writer.member("node", node) }
        if let shape = event.shape { writer.member("shape", shape) }
        writer.member("nanoseconds", Int(event.nanoseconds))
        switch event.hook {
        case .registered(let id)?, .call(let id)?: writer.member("hook", id)
        case nil: break
        }
        writer.endObject()
    }
}
