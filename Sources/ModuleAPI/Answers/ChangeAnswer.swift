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
        _ publication: Publication,
        as representation: Representation = .json,
        members: (inout JSONWriter) -> Void = { _ in }
    ) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("name", publication.name)
        writer.member("version", publication.version)
        members(&writer)
        writer.endObject()
        return Response.json(writer, fields: fields(of: publication, as: representation))
    }

    /// The fields of an answer to a change.
    func fields(of publication: Publication, as representation: Representation = .json) -> ResponseFields {
        var fields = ResponseFields.unstored(representation)
        fields[.eTag] = api.tags.tag(version: publication.version, as: representation).description
        fields[.revision] = api.tags.revision(publication.revision)
        return fields
    }
}
