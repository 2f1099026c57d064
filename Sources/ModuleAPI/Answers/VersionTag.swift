import HTTP
import HTTPTypes
import JSON
import Models
import Serving
import Web

/// The tag of one representation of a version: `"7"` as JSON, `"7.text"` as text.
///
/// Tags are strong, and so differ between representations of the same version (RFC 9110, section 8.8.3). Changes look
/// only at the version.
enum VersionTag {
    static func tag(version: Int, as representation: Representation) -> EntityTag {
        switch representation {
        case .json: EntityTag(String(version))
        case .text: EntityTag("\(version).text")
        case .bytes: EntityTag("\(version).bytes")
        case .safetensors, .plainSafetensors: EntityTag("\(version).safetensors")
        case .events, .yaml, .metrics: EntityTag("\(version).\(representation)")
        }
    }

    /// Returns the version that a tag was made of, or `nil` if this server never made it.
    static func version(of tag: EntityTag) -> Int? {
        let digits = tag.opaque.prefix { $0.isNumber && $0.isASCII }
        let rest = tag.opaque.dropFirst(digits.count)
        guard digits.first != "0", rest.isEmpty || rest.hasPrefix(".") || rest.hasPrefix("-") else { return nil }
        return Int(digits)
    }
}

extension Exchange {
    /// What `If-Match` and `If-None-Match` ask of a change.
    var precondition: Precondition {
        guard request.fields.contains(.ifMatch) || request.fields.contains(.ifNoneMatch) else { return .always }
        let conditions = Preconditions(request.fields)
        switch (conditions.ifMatch, conditions.ifNoneMatch) {
        case (nil, nil): return .always
        case (.any?, nil): return .exists
        case (nil, .any?): return .absent
        case (_?, .any?): return .version([])
        case (nil, .list(let tags)?), (.any?, .list(let tags)?): return .noneOf(Self.versions(in: tags))
        case (.list(let tags)?, nil): return .version(Self.versions(in: tags.filter { !$0.isWeak }))
        case (.list(let tags)?, .list(let unwanted)?):
            let excluded = Self.versions(in: unwanted)
            return .version(Self.versions(in: tags.filter { !$0.isWeak }).filter { !excluded.contains($0) })
        }
    }

    private static func versions(in tags: [EntityTag]) -> [Int] {
        tags.compactMap(VersionTag.version)
    }
}
