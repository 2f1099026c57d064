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

    package init(readiness: Readiness, metrics: MetricsRegistry) {
        self.readiness = readiness
        self.metrics = metrics
    }

    package var routes: [Route] {
        [
            Route(.get, "/livez", "live", scope: .open, statuses: [200, 406], endpoint: live),
            Route(.get, "/readyz", "ready", scope: .open, statuses: [200, 406, 503], endpoint: ready),
            Route(.get, "/version", "version", scope: .open, statuses: [200, 406], endpoint: version),
            Route(.get, "/metrics", "metrics", scope: .open, statuses: [200, 406], endpoint: measurements),
            Route(
                .get,
                "/openapi.yaml",
                "openapi",
                scope: .open,
                statuses: [200, 304, 406, 412],
                endpoint: description
            ),
            Route(
                .get,
                "/openapi.json",
                "openapiJSON",
                scope: .open,
                query: nil,
                statuses: [200, 304, 412],
                endpoint: descriptionAsJSON
            ),
        ]
    }

    private func live(_ exchange: Exchange) async throws -> Response {
        try status("live", exchange)
    }

    private func ready(_ exchange: Exchange) async throws -> Response {
        try readiness.requireReady()
        return try status("ready", exchange)
    }

    private func status(_ status: String, _ exchange: Exchange) throws -> Response {
        let representation = try exchange.representation(among: .document)
        guard representation == .json else { return Response.text(status, fields: .unstored(.text)) }
        var writer = JSONWriter(capacity: 32)
        writer.beginObject()
        writer.member("status", status)
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }

    private func version(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        var writer = JSONWriter(capacity: 64)
        writer.beginObject()
        writer.member("name", "callpath")
        writer.member("version", ServerVersion.current)
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }

    private func measurements(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .metrics)
        let fields = ResponseFields.unstored(.metrics)
        return Response(status: .ok, fields: fields, body: .bytes(metrics.expose()))
    }

    private func description(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .yaml)
        let tag = OpenAPIDocument.tag
        if let notModified = try exchange.notModified(tag) { return notModified }
        let fields = ResponseFields.versioned(tag, as: .yaml)
        return Response(status: .ok, fields: fields, body: .bytes(OpenAPIDocument.bytes))
    }

    private func descriptionAsJSON(_ exchange: Exchange) async throws -> Response {
        let tag = OpenAPIDocument.jsonTag
        if let notModified = try exchange.notModified(tag) { return notModified }
        let fields = ResponseFields.versioned(tag, as: .json)
        return Response(status: .ok, fields: fields, body: .bytes(OpenAPIDocument.json))
    }
}

/// The version of Callpath, as `/version` and `openapi.yaml` say it.
package enum ServerVersion {
    package static let current = "0.1.0"
}

/// The text of `openapi.yaml`, as it was when this binary was built.
package enum OpenAPIDocument {
    /// Its bytes.
    package static let bytes = [UInt8](UnsafeBufferPointer(start: callpath_openapi, count: callpath_openapi_size))

    static let tag = EntityTag(hashing: bytes)

    /// The same as JSON.
    package static let json = [UInt8](
        UnsafeBufferPointer(start: callpath_openapi_json, count: callpath_openapi_json_size)
    )

    static let jsonTag = EntityTag(hashing: json)
}

extension EntityTag {
    /// Creates a tag made of all bytes of what it names (FNV-1a).
    package init(hashing bytes: [UInt8]) {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        self.init(String(hash, radix: 16))
    }
}
