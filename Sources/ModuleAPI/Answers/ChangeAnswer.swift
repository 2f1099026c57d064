import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Web

/// The answer to a change of a module: its new version.
struct ChangeAnswer {
    let api: API

    func response(
        _ moduleVersion: ModuleVersion,
        as representation: Representation = .json,
        members: (inout JSONWriter) -> Void = { _ in }
    ) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("name", moduleVersion.name)
        writer.member("version", moduleVersion.version)
        members(&writer)
        writer.endObject()
        return Response.json(writer, fields: fields(of: moduleVersion, as: representation))
    }

    /// The fields of an answer to a change.
    func fields(of moduleVersion: ModuleVersion, as representation: Representation = .json) -> ResponseFields {
        var fields = ResponseFields.unstored(representation)
        fields[.eTag] = api.tags.tag(version: moduleVersion.version, as: representation).description
        fields[.revision] = api.tags.revision(moduleVersion.revision)
        return fields
    }
}
