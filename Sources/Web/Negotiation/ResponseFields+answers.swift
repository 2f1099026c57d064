package import HTTP
import HTTPTypes

extension ResponseFields {
    private static let unstoredJSON = makeUnstored(.json).varyingByCoding()
    private static let unstoredBytes = makeUnstored(.bytes)

    /// The fields of an answer that is made for one request and must not be kept.
    package static func unstored(_ representation: Representation) -> ResponseFields {
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
    package static func versioned(_ tag: EntityTag, as representation: Representation? = nil) -> ResponseFields {
        var fields: ResponseFields = [
            .eTag: tag.description, .cacheControl: "no-cache", .vary: "Accept", .xContentTypeOptions: "nosniff",
        ]
        fields[.contentType] = representation?.contentType
        return fields
    }
}
