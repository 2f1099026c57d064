import HTTPTypes

/// The conditions under which a client wants its request to be done (RFC 9110 13).
///
/// Dates are not among them: nothing here has a modification time, and a date that cannot be compared is ignored.
package struct Preconditions: Sendable {
    /// What the conditions say about a resource as it is now.
    package enum Verdict: Sendable, Equatable {
        /// Do what was asked.
        case proceed
        /// Answer 304: the client has this representation.
        case notModified
        /// Answer 412: the resource is not as the client thinks.
        case failed
    }

    /// The tags of one field.
    package enum Tags: Sendable {
        case any
        case list([EntityTag])
    }

    /// The tags of which the resource must have one.
    package let ifMatch: Tags?
    /// The tags of which the resource must have none.
    package let ifNoneMatch: Tags?

    /// Reads `If-Match` and `If-None-Match`; a malformed list holds the tags before the fault.
    package init(_ fields: RequestFields) {
        ifMatch = fields[.ifMatch].map(Self.tags)
        ifNoneMatch = fields[.ifNoneMatch].map(Self.tags)
    }

    /// Whether there are none, so that the resource need not be looked at.
    package var isEmpty: Bool { ifMatch == nil && ifNoneMatch == nil }

    private static func tags(_ text: String) -> Tags {
        var reader = FieldReader(Array(text.utf8)[...])
        var tags: [EntityTag] = []
        reader.skipWhitespace()
        if reader.eat(UInt8(ascii: "*")), reader.isAtEnd { return .any }
        while !reader.isAtEnd {
            reader.skipWhitespace()
            if reader.eat(UInt8(ascii: ",")) { continue }
            guard let tag = EntityTag(&reader) else { break }
            tags.append(tag)
            reader.skipWhitespace()
            guard reader.isAtEnd || reader.eat(UInt8(ascii: ",")) else { break }
        }
        return .list(tags)
    }

    /// Judges the conditions, in the order of RFC 9110 13.2.2.
    /// - Parameters:
    ///   - current: The tag of the resource, or `nil` if there is no such resource.
    ///   - isRead: Whether the method is GET or HEAD.
    package func verdict(current: EntityTag?, isRead: Bool) -> Verdict {
        if let ifMatch, !Self.matches(ifMatch, current, weakly: false) { return .failed }
        if let ifNoneMatch, Self.matches(ifNoneMatch, current, weakly: true) { return isRead ? .notModified : .failed }
        return .proceed
    }

    /// Compares regardless of content coding: a client that read a resource coded knows the same version of it.
    private static func matches(_ tags: Tags, _ current: EntityTag?, weakly: Bool) -> Bool {
        guard let current else { return false }
        guard case .list(let list) = tags else { return true }
        return list.contains { tag in
            tag.uncoded.opaque == current.uncoded.opaque && (weakly || !tag.isWeak && !current.isWeak)
        }
    }
}
