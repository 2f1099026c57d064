/// The path and query of a request as text, percent-decoded once.
extension Request {
    /// Returns the parts of the path between slashes, decoded, or `nil` if one is not UTF-8; none for `/`.
    ///
    /// Decoded after the path is split, so that `%2F` is a letter of a name and never a separator.
    package func pathSegments() -> [String]? {
        let path = pathOctets
        guard path.count > 1 || path.first != UInt8(ascii: "/") else { return [] }
        let parts = path.first == UInt8(ascii: "/") ? path.dropFirst() : path
        var segments: [String] = []
        for part in parts.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let segment = PercentEncoding.decoded(part) else { return nil }
            segments.append(segment)
        }
        return segments
    }

    /// Returns the `name=value` pairs of the query in order, decoded as HTML forms are: `+` is a space.
    ///
    /// `nil` if one is not UTF-8. A name without `=` has an empty value.
    package func queryItems() -> [(name: String, value: String)]? {
        var items: [(name: String, value: String)] = []
        for pair in queryOctets.split(separator: UInt8(ascii: "&")) {
            let spaced = pair.map { $0 == UInt8(ascii: "+") ? UInt8.space : $0 }
            let equals = spaced.firstIndex(of: UInt8(ascii: "="))
            guard let name = PercentEncoding.decoded(spaced[..<(equals ?? spaced.endIndex)]),
                let value = PercentEncoding.decoded(equals.map { spaced[($0 + 1)...] } ?? [])
            else { return nil }
            items.append((name, value))
        }
        return items
    }
}
