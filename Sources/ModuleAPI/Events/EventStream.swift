import HTTP
import JSON
import Models
import Serving
import Tensors
import Web

/// Writes events as the WHATWG's server-sent events until the client goes or the server drains.
///
/// An object, so that a stream that is never started gives its place back too.
final class EventStream: Sendable {
    private let listener: EventListener
    /// What tells the ids of this process from those of others.
    private let process: String
    private let heartbeat: Duration

    init(listener: EventListener, process: String, heartbeat: Duration) {
        self.listener = listener
        self.process = process
        self.heartbeat = heartbeat
    }

    deinit { listener.close() }

    /// Sends what the listener hears; a comment when it hears nothing for a while, so that no proxy closes the stream.
    func run(_ writer: any BodyWriter) async throws {
        defer { listener.close() }
        try await writer.write(Array(": listening\n\n".utf8))
        while true {
            switch await listener.next(within: heartbeat) {
            case .lost(let loss): try await writer.write(Self.text(loss))
            case .event(let event, let dropped): try await writer.write(text(event, dropped: dropped))
            case .idle:
                // A cancelled task is idle at once, again and again, whether or not its writer minds.
                try Task.checkCancellation()
                try await writer.write(Array(": idle\n\n".utf8))
            case .finished: return
            }
        }
    }

    private static func text(_ loss: EventLoss) -> [UInt8] {
        let count = if case .events(let count) = loss { "\(count)" } else { "null" }
        return Array("event: lost\ndata: {\"count\":\(count)}\n\n".utf8)
    }

    private func text(_ event: ServingEvent, dropped: Int) -> [UInt8] {
        var text: [UInt8] = []
        if dropped > 0 { text += Array("event: dropped\ndata: {\"count\":\(dropped)}\n\n".utf8) }
        text += Array("id: \(process).\(event.id)\nevent: \(event.kind.rawValue)\ndata: ".utf8)
        text += Self.data(event)
        text += Array("\n\n".utf8)
        return text
    }

    /// The event in JSON, which the writer keeps on one line.
    private static func data(_ event: ServingEvent) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("name", event.name)
        writer.member("version", event.version)
        if event.kind != .change { writer.member("module", event.module) }
        switch event.content {
        case .change(let kind): writer.member("change", kind.rawValue)
        case .call(let call): write(call, to: &writer)
        case .capture(let hook, let kind, let node, let tensor):
            writer.member("hook", hook)
            if let node { writer.member("node", node) }
            writer.member("kind", kind.rawValue)
            // A stream cannot turn into a refusal half way: NaN and infinity are always written as strings.
            try? writer.members(of: tensor, .strings)
        case .trace(let events): TraceWriter.write(events, to: &writer)
        }
        writer.endObject()
        return writer.finish()
    }

    private static func write(_ call: CallEvent, to writer: inout JSONWriter) {
        if let shape = call.shape { writer.member("shape", shape) }
        if let dtype = call.dtype { writer.member("dtype", dtype.rawValue) }
        writer.member("nanoseconds", call.nanoseconds)
        writer.member("joined", call.joined)
        writer.member("failed", call.failed)
    }
}
