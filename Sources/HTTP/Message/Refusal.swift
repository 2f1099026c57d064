package import HTTPTypes

/// Answers that the network wing gives without asking the application, as problem documents (RFC 9457).
extension Response {
    /// Creates a problem document of constant shape.
    ///
    /// - Parameters:
    ///   - code: The stable, machine-readable name of the problem.
    ///   - detail: One sentence for people; it holds nothing that a client sent.
    package static func problem(status: HTTPResponse.Status, code: String, detail: String) -> Response {
        var body = Array(#"{"type":"about:blank","title":""#.utf8)
        body.append(jsonText: status.reasonPhrase)
        body.append(#"","status":"#)
        body.append(decimal: status.code)
        body.append(#","detail":""#)
        body.append(jsonText: detail)
        body.append(#"","code":""#)
        body.append(jsonText: code)
        body.append(#""}"#)
        let fields: ResponseFields = [
            .contentType: "application/problem+json",
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
        ]
        return Response(status: status, fields: fields, body: .bytes(body))
    }
}

extension RequestError {
    /// The answer to a client whose octets were no request; the connection ends behind it.
    package var response: Response {
        .problem(status: status, code: code, detail: detail)
    }
}

extension Array where Element == UInt8 {
    /// Appends `text` as it must stand between the quotes of a JSON string.
    fileprivate mutating func append(jsonText text: String) {
        for octet in text.utf8 {
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { append(UInt8(ascii: "\\")) }
            append(octet < 0x20 ? .space : octet)
        }
    }
}
