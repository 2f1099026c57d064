import HTTP
import HTTPTypes

extension HTTPField.Name {
    /// The version of the module that answered.
    static let moduleVersion = constant("Callpath-Module-Version")
    /// The sizes of a tensor's axes, outermost first; empty for a scalar.
    static let tensorShape = constant("Tensor-Shape")
    /// The name of a tensor's dtype.
    static let tensorDtype = constant("Tensor-Dtype")
    /// The last event that a listener has seen.
    static let lastEventID = constant("Last-Event-ID")

    /// Returns a name that is part of the program and known to be a token.
    static func constant(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}

extension ResponseFields {
    private static let unstoredJSON = makeUnstored(.json).varyingByCoding()
    private static let unstoredBytes = makeUnstored(.bytes)

    /// The fields of an answer that is made for one request and must not be kept.
    static func unstored(_ representation: Representation) -> ResponseFields {
        switch representation {
        case .json: unstoredJSON
        case .bytes: unstoredBytes
        default: makeUnstored(representation)
        }
    }

    private static func makeUnstored(_ representation: Representation) -> ResponseFields {
        [
            .contentType: representation.contentType, .cacheControl: "no-store", .vary: "Accept",
            .xContentTypeOptions: "nosniff",
        ]
    }

    /// The fields of an answer that a client may keep and ask about again by its tag; of its content, if it has any.
    static func versioned(_ tag: EntityTag, as representation: Representation? = nil) -> ResponseFields {
        var fields: ResponseFields = [
            .eTag: tag.description, .cacheControl: "no-cache", .vary: "Accept", .xContentTypeOptions: "nosniff",
        ]
        fields[.contentType] = representation?.contentType
        return fields
    }
}
