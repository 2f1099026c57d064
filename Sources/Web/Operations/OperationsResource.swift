import COpenAPI
import HTTP
import HTTPTypes
import JSON
package import Metrics

/// What those who run the server ask: is it alive, is it ready, what is it, what does it offer.
package struct OperationsResource: Sendable {
    /// Whether the server takes requests.
    let readiness: Readiness
    /// What `/metrics` shows.
    let metrics: MetricsRegistry

    /// What stands before every path.
    let pathPrefix: PathPrefix
    /// Whether people are sent to the console.
    let showsConsole: Bool
    /// Whether the metrics are at another port than the interface.
    let hasOperationsPort: Bool
    private let text: OpenAPIDocument
    private let json: OpenAPIDocument

    package init(
        readiness: Readiness,
        metrics: MetricsRegistry,
        pathPrefix: PathPrefix = PathPrefix(),
        showsConsole: Bool = false,
        hasOperationsPort: Bool = false
    ) {
        self.readiness = readiness
        self.metrics = metrics
        self.pathPrefix = pathPrefix
        self.showsConsole = showsConsole
        self.hasOperationsPort = hasOperationsPort
        text = .yaml(at: pathPrefix)
        json = .json(at: pathPrefix)
    }

    package var routes: [Route] {
        [
            route("/", "root", isProbe: true, statuses: [200, 303, 503], root),
            route("/livez", "live", isProbe: true, statuses: [200], live),
            route("/readyz", "ready", isProbe: true, statuses: [200, 503], ready),
            route("/version", "version", statuses: [200], version),
            route("/metrics", "metrics", isProbe: true, statuses: [200], measurements),
            route("/openapi.yaml", "openapi", statuses: [200, 304, 412]) { try answer($0, text, as: .yaml) },
            route("/openapi.json", "openapiJSON", statuses: [200, 304, 412]) { try answer($0, json, as: .json) },
        ]
    }

    /// Returns a route that anyone may ask, with whatever query.
    private func route(
        _ template: String,
        _ operation: String,
        isProbe: Bool = false,
        statuses: [Int],
        _ endpoint: @escaping @Sendable (Exchange) throws -> Response
    ) -> Route {
        Route(
            .get,
            template,
            operation,
            scope: .open,
            query: nil,
            isProbe: isProbe,
            statuses: statuses,
            reply: { exchange in .now(try endpoint(exchange)) }
        )
    }

    /// Says what this is and how it is, to whoever asks without knowing a path: balancers, people.
    private func root(_ exchange: Exchange) -> Response {
        let isForOperations = exchange.request.client?.isOnOperationsPort ?? false
        if showsConsole, !isForOperations, prefersHTML(exchange) {
            return Response(
                status: .seeOther,
                fields: [.location: "/console", .cacheControl: "no-cache", .vary: "Accept"]
            )
        }
        let phase = readiness.phase
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("name", "callpath")
        writer.member("version", ServerVersion.current)
        writer.member("status", "\(phase)")
        writer.key("links")
        writer.beginObject()
        for (name, path) in links(isForOperations) { writer.member(name, pathPrefix.text + path) }
        writer.endObject()
        writer.endObject()
        var fields = ResponseFields.unstored(.json)
        if phase != .ready { fields[.retryAfter] = "1" }
        return Response.json(writer, status: phase == .ready ? .ok : .serviceUnavailable, fields: fields)
    }

    /// Returns what there is at the port that was asked.
    private func links(_ isForOperations: Bool) -> [(name: String, path: String)] {
        guard !isForOperations else { return Self.healthLinks + Self.metricsLinks }
        let interface = (showsConsole ? Self.consoleLinks : []) + Self.interfaceLinks + Self.healthLinks
        return interface + (hasOperationsPort ? [] : Self.metricsLinks)
    }

    /// Whether a client takes HTML more gladly than JSON; one that takes anything does not.
    private func prefersHTML(_ exchange: Exchange) -> Bool {
        let types = ["application/json", "text/html"].compactMap { MediaType($0) }
        return Accept(exchange.request.fields).best(of: types)?.essence == "text/html"
    }

    private static let consoleLinks = [("console", "/console"), ("docs", "/docs")]
    private static let interfaceLinks = [
        ("openapi", "/openapi.json"), ("openapi_yaml", "/openapi.yaml"), ("modules", "/v1/modules"),
        ("inference", "/v2"),
    ]
    private static let healthLinks = [("live", "/livez"), ("ready", "/readyz")]
    private static let metricsLinks = [("metrics", "/metrics")]

    private func live(_ exchange: Exchange) -> Response {
        status("live", exchange)
    }

    private func ready(_ exchange: Exchange) throws -> Response {
        try readiness.requireReady()
        try readiness.requireUnhindered()
        return status("ready", exchange, readiness.notes())
    }

    private func status(
        _ status: String,
        _ exchange: Exchange,
        _ notes: [(name: String, value: String)] = []
    ) -> Response {
        let representation = exchange.anyRepresentation(among: .document)
        guard representation == .json else { return Response.text(status, fields: .unstored(.text)) }
        var writer = JSONWriter(capacity: 32)
        writer.beginObject()
        writer.member("status", status)
        for note in notes { writer.member(note.name, note.value) }
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }

    private func version(_ exchange: Exchange) -> Response {
        var writer = JSONWriter(capacity: 64)
        writer.beginObject()
        writer.member("name", "callpath")
        writer.member("version", ServerVersion.current)
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }

    private func measurements(_ exchange: Exchange) -> Response {
        let fields = ResponseFields.unstored(.metrics)
        return Response(status: .ok, fields: fields, body: .bytes(metrics.expose()))
    }

    private func answer(
        _ exchange: Exchange,
        _ document: OpenAPIDocument,
        as representation: Representation
    ) throws -> Response {
        if let notModified = try exchange.notModified(document.tag) { return notModified }
        let fields = ResponseFields.versioned(document.tag, as: representation)
        return Response(status: .ok, fields: fields, body: .bytes(document.bytes))
    }
}

/// The version of Callpath, as `/version` and `openapi.yaml` say it.
package enum ServerVersion {
    package static let current = "0.1.0"
}

/// The contract of the interface, as it was when this binary was built.
package struct OpenAPIDocument: Sendable {
    /// Its bytes.
    package let bytes: [UInt8]
    /// A tag made of them.
    let tag: EntityTag

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        tag = EntityTag(hashing: bytes)
    }

    /// Returns `openapi.yaml` for a server that is at `pathPrefix` of wherever the text was found.
    package static func yaml(at pathPrefix: PathPrefix = PathPrefix()) -> OpenAPIDocument {
        let bytes = UnsafeBufferPointer(start: callpath_openapi, count: callpath_openapi_size)
        return moved(
            bytes,
            from: "servers: [{url: 'http://127.0.0.1:8080'}]",
            to: "servers: [{url: '\(pathPrefix.text)'}]",
            pathPrefix
        )
    }

    /// Returns the same as JSON.
    package static func json(at pathPrefix: PathPrefix = PathPrefix()) -> OpenAPIDocument {
        let bytes = UnsafeBufferPointer(start: callpath_openapi_json, count: callpath_openapi_json_size)
        return moved(
            bytes,
            from: #""servers":[{"url":"http://127.0.0.1:8080"}]"#,
            to: #""servers":[{"url":"\#(pathPrefix.text)"}]"#,
            pathPrefix
        )
    }

    private static func moved(
        _ bytes: UnsafeBufferPointer<UInt8>,
        from servers: String,
        to others: String,
        _ pathPrefix: PathPrefix
    ) -> OpenAPIDocument {
        guard !pathPrefix.isEmpty else { return OpenAPIDocument(Array(bytes)) }
        return OpenAPIDocument(Array(String(decoding: bytes, as: UTF8.self).replacing(servers, with: others).utf8))
    }
}

extension EntityTag {
    /// Creates a tag made of all bytes of what it names (FNV-1a).
    package init(hashing bytes: [UInt8]) {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        self.init(String(hash, radix: 16))
    }
}
