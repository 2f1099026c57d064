import HTTP
import HTTPTypes
import Models
import Serving
import Store
import Web

/// `/v1/backup`: the whole registry at one moment, as a tar file for `callpath restore`.
struct BackupResource: Sendable {
    let api: API

    var routes: [Route] {
        [Route(.get, "/v1/backup", "getBackup", scope: .admin, statuses: [200, 406], endpoint: get)]
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        let representation = try exchange.representation(among: .tar)
        guard let place = api.registry.takeBackupPlace() else {
            throw Problem(.tooManyStreams, "Another backup is under way.", fields: [.retryAfter: "1"])
        }
        let backup = try await api.registry.backup()
        var fields = ResponseFields.unstored(representation)
        api.note(revision: backup.revision, in: &fields)
        let name = "callpath-\(api.registry.tag)-\(backup.revision).tar"
        fields.append("Content-Disposition", "attachment; filename=\"\(name)\"")
        // A proxy that gathers it would hide that it was cut.
        fields.append("X-Accel-Buffering", "no")
        guard exchange.request.method != .head else { return Response(status: .ok, fields: fields) }
        return Response(
            status: .ok,
            fields: fields,
            body: .stream { writer in
                try await backup.write(writer.write)
                withExtendedLifetime(place) {}
            }
        )
    }
}
