import HTTPTypes

/// The content codings that a client takes, and how gladly (RFC 9110 12.5.3).
package struct AcceptEncoding: Sendable {
    private var weights: [(name: String, weight: Weight)] = []

    /// Reads the `Accept-Encoding` lines of `fields`; members that are malformed are left out.
    package init(_ fields: RequestFields) {
        var reader = FieldReader(Array((fields[.acceptEncoding] ?? "").utf8)[...])
        while !reader.isAtEnd {
            reader.skipWhitespace()
            if let name = reader.token(), let parameters = reader.parameters(),
                let weight = parameters.first.map({ $0.name == "q" ? Weight($0.value) : nil }) ?? .full
            {
                weights.append((name.lowercasedText, weight))
            }
            reader.skipToNextMember()
        }
    }

    /// The coding that the client likes best, or `nil` to send the content as it is.
    ///
    /// Content goes coded only to who asked for it, and at least as gladly as for plain content.
    package var preferred: ContentCoding? {
        let plain = weight(of: ["identity"]) ?? .none
        var best: (coding: ContentCoding, weight: Weight)?
        for coding in ContentCoding.allCases {
            guard let weight = weight(of: coding.names) ?? weight(of: ["*"]), weight > .none, weight >= plain else {
                continue
            }
            if best.map({ weight > $0.weight }) ?? true { best = (coding, weight) }
        }
        return best?.coding
    }

    private func weight(of names: [String]) -> Weight? {
        weights.first { names.contains($0.name) }?.weight
    }
}
