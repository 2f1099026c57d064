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
    package func removed(from path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard !isEmpty, path.starts(with: octets) else { return path }
        let rest = path.dropFirst(octets.count)
        return rest.isEmpty || rest.first == UInt8(ascii: "/") ? rest : path
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
