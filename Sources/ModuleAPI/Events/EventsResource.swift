import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Web

/// `/v1/modules/{name}/events`: calls and captures, and traces for those who ask, live, as server-sent events.
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
        let lastID = try exchange.request.fields[.lastEventID].map(Self.eventID)
        var fields = ResponseFields.unstored(.events)
        // nginx holds answers back until they are whole unless it is told not to.
        fields.append("X-Accel-Buffering", "no")
        guard exchange.request.method != .head else { return Response(status: .ok, fields: fields) }
        let listener = try api.registry.events.listen(filter, after: lastID)
        let stream = EventStream(listener: listener, heartbeat: api.options.heartbeat)
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

    private static func eventID(_ text: String) throws(Problem) -> UInt64 {
        guard let id = UInt64(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw Problem(.malformedField, "Last-Event-ID is the id of an event, a whole number.", got: .string(text))
        }
        return id
    }
}

extension HTTPField.Name {
    /// The last event that a listener has seen.
    fileprivate static let lastEventID = constant("Last-Event-ID")
}
