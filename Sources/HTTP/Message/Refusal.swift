package import HTTPTypes

/// What the network wing says to a client without asking the application.
package struct Refusal: Sendable {
    /// The status of the answer.
    package let status: HTTPResponse.Status
    /// The stable, machine-readable name of the problem.
    package let code: String
    /// One sentence for people; it holds nothing that a client sent.
    package let detail: String
    /// The seconds after which another try may go better.
    package let retryAfter: Int?

    /// Creates a refusal.
    package init(status: HTTPResponse.Status, code: String, detail: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
    }

    /// Returns the answer that says it with `content`, JSON of the given type.
    package func response(_ content: [UInt8], as contentType: String) -> Response {
        var fields: ResponseFields = [
            .contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        fields[.retryAfter] = retryAfter.map(String.init)
        return Response(status: status, fields: fields, body: .bytes(content))
    }

    /// The refusal as a problem document (RFC 9457).
    package var problem: Response {
        var body = Array(#"{"type":"about:blank","title":""#.utf8)
        body.append(jsonText: status.reasonPhrase)
        body.append(#"","status":"#)
        body.append(decimal: status.code)
        body.append(#","detail":""#)
        body.append(jsonText: detail)
        body.append(#"","code":""#)
        body.append(jsonText: code)
        body.append(#""}"#)
        return response(body, as: "application/problem+json")
    }
}

/// Returns the answer that a refusal is to whoever asked for `path`, which is empty as long as it is not known.
package typealias RefusalForm = @Sendable (_ refusal: Refusal, _ path: ArraySlice<UInt8>) -> Response

extension RequestError {
    /// What a client is told whose octets were no request; the connection ends behind it.
    package var refusal: Refusal {
        Refusal(status: status, code: code, detail: detail)
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
