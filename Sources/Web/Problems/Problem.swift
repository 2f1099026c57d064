package import HTTP
import HTTPTypes
package import JSON

/// An answer that says what went wrong (RFC 9457).
package struct Problem: Error, Sendable {
    /// What kind of thing went wrong.
    package var code: ProblemCode
    /// What went wrong this time, in PyTorch's words where it has some.
    package var detail: String
    /// What would have been right.
    package var expected: JSONValue?
    /// What came instead.
    package var got: JSONValue?
    /// Where in the request's JSON the offending value stands (RFC 6901).
    package var pointer: String?
    /// Where in the request's text it stands, in bytes, if it could not be read.
    package var offset: Int?
    /// The path of the module in its tree that raised it.
    package var module: String?
    /// The node of its graph that raised it.
    package var node: String?
    /// The type of that module.
    package var moduleType: String?
    /// What is known of a change that the store did not take: "unchanged" or "unknown".
    package var outcome: String?
    /// Fields of the answer that belong to its status, such as `Allow`.
    package var fields: ResponseFields

    package init(
        _ code: ProblemCode,
        _ detail: String,
        expected: JSONValue? = nil,
        got: JSONValue? = nil,
        pointer: String? = nil,
        offset: Int? = nil,
        fields: ResponseFields = [:]
    ) {
        self.code = code
        self.detail = Self.cut(detail)
        self.expected = expected
        self.got = got.map(Self.cut)
        self.pointer = pointer
        self.offset = offset
        self.fields = fields
    }

    /// Returns this problem at a place in the request's JSON, unless it already names one.
    package func at(_ pointer: String) -> Problem {
        var located = self
        located.pointer = located.pointer ?? pointer
        return located
    }

    /// The problem as a response.
    package var response: Response {
        var answer = fields
        answer[.contentType] = "application/problem+json"
        answer[.cacheControl] = "no-store"
        answer[.xContentTypeOptions] = "nosniff"
        return Response(status: .init(code: code.status), fields: answer, body: .bytes(document))
    }

    private var document: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", code.type)
        writer.member("title", code.title)
        writer.member("status", code.status)
        writer.member("code", code.rawValue)
        writer.member("detail", detail)
        if let expected { writer.member("expected", expected) }
        if let got { writer.member("got", got) }
        if let pointer { writer.member("pointer", pointer) }
        if let offset { writer.member("offset", offset) }
        if let module { writer.member("module", module) }
        if let node { writer.member("node", node) }
        if let moduleType { writer.member("module_type", moduleType) }
        if let outcome { writer.member("outcome", outcome) }
        writer.endObject()
        return writer.finish()
    }

    /// Bytes of a client's text, and elements of its lists, that are repeated to it.
    private static let (longestText, longestList) = (16_384, 1_024)

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        return String(decoding: text.utf8.prefix(longestText), as: UTF8.self) + "..."
    }

    private static func cut(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(cut(text))
        case .array(let values): .array(values.prefix(longestList).map(cut))
        default: value
        }
    }
}
