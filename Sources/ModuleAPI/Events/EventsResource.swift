import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Web

/// `/v1/modules/{name}/events`: calls, captures and changes, and traces for those who ask, live, as server-sent events.
struct EventsResource: Sendable {
    let api: API

    var routes: [Route] {
        [
            Route(
                .get,
                "/v1/modules/{name}/events",
                "streamEvents",
                scope: .infer,
                query: ["kind", "module"],
                statuses: [200, 400, 404, 406, 429, 503],
                endpoint: stream
            )
        ]
    }

    private func stream(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .events)
        let name = exchange.parameter("name")
        try api.registry.requireModule(name)
        let query = try Query(exchange)
        let filter = EventFilter(
            name: name,
            kinds: try query["kind"].map(Self.kinds) ?? EventKind.usual,
            module: query["module"]
        )
        let lastID = try exchange.request.fields[.lastEventID].map { try eventID($0) }
        var fields = ResponseFields.unstored(.events)
        // nginx holds answers back until they are whole unless it is told not to.
        fields.append("X-Accel-Buffering", "no")
        guard exchange.request.method != .head else { return Response(status: .ok, fields: fields) }
        let listener = try api.registry.events.listen(filter, after: lastID)
        let stream = EventStream(
            listener: listener,
            process: api.registry.events.process,
            heartbeat: api.options.heartbeat
        )
        return Response(status: .ok, fields: fields, body: .stream(stream.run))
    }

    private static func kinds(_ text: String) throws(Problem) -> Set<EventKind> {
        var kinds: Set<EventKind> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = EventKind(rawValue: String(word)) else {
                throw Problem(
                    .malformedQuery,
                    "'\(word)' is not a kind of event.",
                    expected: .array(EventKind.allCases.map { .string($0.rawValue) }),
                    got: .string(String(word))
                )
            }
            kinds.insert(kind)
        }
        return kinds
    }

    /// Reads the id of an event; one of another process, or of a callpath that did not say which, is beyond all of this one.
    private func eventID(_ text: String) throws(Problem) -> UInt64 {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let number = parts.last, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let id = UInt64(number), parts.count == 1 || parts[0].utf8.count == 8 && UInt32(parts[0], radix: 16) != nil
        else { throw Problem(.malformedField, "Last-Event-ID is the id of an event.", got: .string(text)) }
        return parts[0] == api.registry.events.process ? id : .max
    }
}

extension HTTPField.Name {
    /// The last event that a listener has seen.
    fileprivate static let lastEventID = constant("Last-Event-ID")
}
