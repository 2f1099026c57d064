package import HTTP
package import HTTPTypes
package import JSON

/// Answers with content; their fields already say which.
extension Response {
    /// Returns an answer with a text, and the line's end behind it.
    package static func text(_ text: String, fields: ResponseFields) -> Response {
        Response(status: .ok, fields: fields, body: .bytes(Array("\(text)\n".utf8)))
    }

    /// Returns an answer in JSON.
    package static func json(
        _ writer: consuming JSONWriter,
        status: HTTPResponse.Status = .ok,
        fields: ResponseFields
    ) -> Response {
        Response(status: status, fields: fields, body: .bytes(writer.finish()))
    }
}
