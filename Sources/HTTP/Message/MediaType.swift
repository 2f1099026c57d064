/// A media type such as `application/json; charset=utf-8` (RFC 9110 8.3.1).
package struct MediaType: Sendable, CustomStringConvertible {
    /// The part before the slash, in lower case.
    package let type: String
    /// The part behind the slash, in lower case.
    package let subtype: String
    /// The parameters in order, their names in lower case and their values as they were meant.
    package let parameters: [(name: String, value: String)]

    /// Reads a `Content-Type`; `nil` if it is malformed.
    package init?(_ octets: ArraySlice<UInt8>) {
        var reader = FieldReader(octets)
        self.init(&reader)
        reader.skipWhitespace()
        guard reader.isAtEnd else { return nil }
    }

    /// Reads a media type as text; `nil` if it is malformed.
    package init?(_ text: String) {
        self.init(Array(text.utf8)[...])
    }

    init(type: String, subtype: String, parameters: [(name: String, value: String)]) {
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    init?(_ reader: inout FieldReader) {
        reader.skipWhitespace()
        guard let type = reader.token(), reader.eat(UInt8(ascii: "/")), let subtype = reader.token(),
            let parameters = reader.parameters()
        else { return nil }
        self.type = type.lowercasedText
        self.subtype = subtype.lowercasedText
        self.parameters = parameters
    }

    /// Type and subtype, without parameters, in lower case.
    package var essence: String { "\(type)/\(subtype)" }

    /// Whether the content is JSON: `application/json`, or anything with the suffix `+json`.
    package var isJSON: Bool {
        type == "application" && subtype == "json" || subtype.hasSuffix("+json")
    }

    /// Whether text compresses well: text, JSON, XML, YAML.
    package var isCompressible: Bool {
        type == "text" || isJSON || subtype.hasSuffix("+xml") || ["xml", "yaml", "openmetrics-text"].contains(subtype)
    }

    /// The essence and the parameters.
    package var description: String {
        parameters.reduce(essence) { "\($0); \($1.name)=\($1.value)" }
    }
}
