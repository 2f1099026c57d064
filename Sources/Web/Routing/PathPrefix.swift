import HTTP
import HTTPTypes

/// What stands before every path, such as `/models/a`, where a proxy serves other things too; empty for nothing.
package struct PathPrefix: Sendable, Equatable {
    /// The prefix as it stands in a path.
    package let text: String
    private let octets: [UInt8]

    package init() {
        text = ""
        octets = []
    }

    /// Reads a prefix: segments of unreserved characters, a slash before each and none behind the last; `nil` for all else.
    package init?(_ text: String) {
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count > 1, segments[0].isEmpty, segments.dropFirst().allSatisfy(Self.isSegment) else {
            return nil
        }
        self.text = text
        octets = Array(text.utf8)
    }

    /// Whether there is none.
    package var isEmpty: Bool { octets.isEmpty }

    private static func isSegment(_ segment: Substring) -> Bool {
        !segment.isEmpty && segment != "." && segment != ".."
            && segment.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-._~".utf8.contains(byte)
            }
    }

    /// Whether a path of `template` may begin with the prefix, so that taking it off would hide the route.
    package func isBeginning(of template: PathTemplate) -> Bool {
        let segments = text.split(separator: "/")
        let mayBeLong = template.segments.last == .rest
        guard !isEmpty, segments.count <= template.segments.count || mayBeLong else { return false }
        return zip(segments, template.segments).allSatisfy { segment, own in
            if case .literal(let word) = own { word == segment } else { true }
        }
    }

    /// Returns the octets of a path without the prefix, or as they are if it does not stand there as a whole.
    ///
    /// A character that needs no percent is the same with one (RFC 3986 6.2.2.2); a slash is not, for it parts segments.
    package func removed(from path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard !isEmpty else { return path }
        var rest = path
        for octet in octets {
            if rest.first == octet {
                rest.removeFirst()
            } else if octet != UInt8(ascii: "/"), Self.encoded(rest) == octet {
                rest.removeFirst(3)
            } else {
                return path
            }
        }
        return rest.isEmpty || rest.first == UInt8(ascii: "/") ? rest : path
    }

    /// Returns the octet that the beginning of `path` writes as a percent and two digits.
    private static func encoded(_ path: ArraySlice<UInt8>) -> UInt8? {
        guard path.first == UInt8(ascii: "%"), path.count >= 3 else { return nil }
        let digits = path.dropFirst().prefix(2)
        guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
        return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    func removed(from request: Request) -> Request {
        let count = request.pathOctets.count - removed(from: request.pathOctets).count
        return count == 0 ? request : Request(request, droppingFromPath: count)
    }

    /// Puts the prefix before the path that an answer names as a place.
    func added(to response: consuming Response) -> Response {
        guard let location = response.fields[.location], location.hasPrefix("/") else { return response }
        response.fields[.location] = text + location
        return response
    }
}
