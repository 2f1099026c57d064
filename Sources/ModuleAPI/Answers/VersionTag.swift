package import HTTP
import HTTPTypes
import Models
import Serving
import Web

/// The tags of the versions of one registry: `"7-1a2b3c4d"` as JSON, `"7-1a2b3c4d.text"` as text.
///
/// Tags are strong, and so differ between representations of the same version (RFC 9110, section 8.8.3). Changes look only
/// at the version and the registry: another one, before a restart or beside this one, counts from 1 too.
struct VersionTag {
    /// What tells the registry from others.
    let instance: String

    func tag(version: Int, as representation: Representation) -> EntityTag {
        let version = "\(version)-\(instance)"
        return switch representation {
        case .json: EntityTag(version)
        case .text: EntityTag("\(version).text")
        case .bytes: EntityTag("\(version).bytes")
        case .safetensors, .plainSafetensors: EntityTag("\(version).safetensors")
        case .events, .yaml, .metrics, .tar: EntityTag("\(version).\(representation)")
        }
    }

    /// Returns what `Callpath-Revision` says of a change.
    func revision(_ count: Int) -> String { "\(instance).\(count)" }

    /// Returns the version that a tag was made of, or `nil` if this registry never made it.
    func version(of tag: EntityTag) -> Int? {
        let digits = tag.opaque.prefix { $0.isNumber && $0.isASCII }
        let name = "-\(instance)"
        let rest = tag.opaque.dropFirst(digits.count)
        guard digits.first != "0", rest.hasPrefix(name) else { return nil }
        let end = rest.dropFirst(name.count)
        guard end.isEmpty || end.hasPrefix(".") || end.hasPrefix("-") else { return nil }
        return Int(digits)
    }

    private func versions(in tags: [EntityTag]) -> [Int] { tags.compactMap(version) }

    /// Returns what `If-Match` and `If-None-Match` ask of a change.
    func precondition(of exchange: Exchange) -> Precondition {
        let request = exchange.request
        guard request.fields.contains(.ifMatch) || request.fields.contains(.ifNoneMatch) else { return .always }
        let conditions = Preconditions(request.fields)
        switch (conditions.ifMatch, conditions.ifNoneMatch) {
        case (nil, nil): return .always
        case (.any?, nil): return .exists
        case (nil, .any?): return .absent
        case (_?, .any?): return .version([])
        case (nil, .list(let tags)?), (.any?, .list(let tags)?): return .noneOf(versions(in: tags))
        case (.list(let tags)?, nil): return .version(versions(in: tags.filter { !$0.isWeak }))
        case (.list(let tags)?, .list(let unwanted)?):
            let excluded = versions(in: unwanted)
            return .version(versions(in: tags.filter { !$0.isWeak }).filter { !excluded.contains($0) })
        }
    }
}

extension API {
    /// Notes in `fields` which change is answered.
    package func note(revision: Int, in fields: inout ResponseFields) {
        fields[.revision] = tags.revision(revision)
    }

    /// The tags of the registry's versions.
    var tags: VersionTag { VersionTag(instance: registry.tag) }
}
