import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Web

/// `/v1/store`: what the registry stands on, and whether it is well.
struct StoreResource: Sendable {
    let api: API

    var routes: [Route] {
        [Route(.get, "/v1/store", "getStore", scope: .infer, statuses: [200, 406], endpoint: get)]
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        _ = try exchange.representation(among: .json)
        let facts = try await LongWork.run(for: exchange.request.client) { try api.registry.storeFacts }
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("kind", facts.kind)
        writer.member("durability", facts.durability)
        writer.member("writable", facts.isWritable)
        writer.member("instance", facts.instance)
        writer.member("revision", facts.revision)
        writer.member("modules", facts.modules)
        writer.member("cold_modules", facts.coldModules)
        writer.member("bytes", facts.byteCount)
        writer.key("stale_seconds")
        if let seconds = facts.staleSeconds { writer.write(seconds) } else { writer.writeNull() }
        writer.key("damaged")
        writer.beginArray()
        for module in facts.damaged {
            writer.beginObject()
            writer.member("name", module.name)
            writer.member("reason", module.reason)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return Response.json(writer, fields: .unstored(.json))
    }
}
