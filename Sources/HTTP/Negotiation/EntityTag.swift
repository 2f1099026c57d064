/// The name of one representation of a resource (RFC 9110 8.8.3).
package struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    /// What stands between the quotes.
    package let opaque: String
    /// Whether the tag promises equal meaning only, not equal octets.
    package let isWeak: Bool

    /// Creates a tag; `opaque` is visible ASCII without quotes.
    package init(_ opaque: String, isWeak: Bool = false) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// Eats a tag, `"x"` or `W/"x"`.
    init?(_ reader: inout FieldReader) {
        let isWeak = reader.eat(UInt8(ascii: "W"))
        if isWeak, !reader.eat(UInt8(ascii: "/")) { return nil }
        guard let opaque = reader.entityTagText() else { return nil }
        self.init(opaque, isWeak: isWeak)
    }

    /// The tag as it stands in an `ETag` field.
    package var description: String {
        "\(isWeak ? "W/" : "")\"\(opaque)\""
    }

    /// Returns the tag of this representation under `coding`: other octets, so another strong tag.
    func coded(_ coding: ContentCoding) -> EntityTag {
        EntityTag("\(opaque)-\(coding.rawValue)", isWeak: isWeak)
    }

    /// The tag of this representation before any coding.
    var uncoded: EntityTag {
        for coding in ContentCoding.allCases where opaque.hasSuffix("-\(coding.rawValue)") {
            return EntityTag(String(opaque.dropLast(coding.rawValue.count + 1)), isWeak: isWeak)
        }
        return self
    }
}

extension FieldReader {
    /// Eats the quoted part of an entity tag, in which a backslash is an ordinary octet.
    fileprivate mutating func entityTagText() -> String? {
        guard eat(UInt8(ascii: "\"")) else { return nil }
        var text: [UInt8] = []
        while let octet = next() {
            if octet == UInt8(ascii: "\"") { return String(validating: text, as: UTF8.self) }
            guard octet > .space, octet != 0x7F else { return nil }
            text.append(octet)
        }
        return nil
    }
}
