import HTTPTypes

/// The media types that a client takes, and how gladly (RFC 9110 12.5.1).
package struct Accept: Sendable {
    private struct Member {
        let range: MediaType
        let weight: Weight

        /// How closely the range names `candidate`, or `nil` if it does not.
        ///
        /// 0 for `*/*`, 1 for `type/*`, 2 for the type itself and one more for each of its parameters.
        func specificity(for candidate: MediaType) -> Int? {
            if range.type == "*" { return range.subtype == "*" ? 0 : nil }
            guard range.type == candidate.type else { return nil }
            if range.subtype == "*" { return 1 }
            guard range.subtype == candidate.subtype else { return nil }
            let named = range.parameters.filter { $0.name != "q" }
            // There is one form of each type: what tells forms apart that are not here tells nothing.
            let known = named.compactMap { wanted in
                candidate.parameters.first { $0.name == wanted.name }.map {
                    Self.areSame($0.value, wanted.value, $0.name)
                }
            }
            return known.allSatisfy(\.self) ? 2 + known.count : nil
        }

        /// The case of a charset's name does not count (RFC 9110, section 8.3.2).
        private static func areSame(_ value: String, _ wanted: String, _ name: String) -> Bool {
            name == "charset" ? value.lowercased() == wanted.lowercased() : value == wanted
        }
    }

    private var members: [Member] = []

    /// Reads the `Accept` lines of `fields`; members that are malformed are left out.
    package init(_ fields: RequestFields) {
        var reader = FieldReader(Array((fields[.accept] ?? "").utf8)[...])
        while !reader.isAtEnd {
            if let range = Self.range(&reader), let weight = Self.weight(of: range) {
                members.append(Member(range: range, weight: weight))
            }
            reader.skipToNextMember()
        }
    }

    /// Reads a range; Java's old clients write `*` for `*/*`.
    private static func range(_ reader: inout FieldReader) -> MediaType? {
        let start = reader
        if let range = MediaType(&reader) { return range }
        reader = start
        reader.skipWhitespace()
        guard reader.eat(UInt8(ascii: "*")), let parameters = reader.parameters() else { return nil }
        return MediaType(type: "*", subtype: "*", parameters: parameters)
    }

    private static func weight(of range: MediaType) -> Weight? {
        guard let quality = range.parameters.last(where: { $0.name == "q" }) else { return .full }
        return Weight(quality.value)
    }

    /// Returns the one of `candidates` that the client likes best, or `nil` if it takes none of them.
    ///
    /// Equal weights go to what the client named more closely, then to what it named first, then to the order of
    /// `candidates`. A client that says nothing, or nothing readable, takes the first.
    package func best(of candidates: [MediaType]) -> MediaType? {
        guard !members.isEmpty else { return candidates.first }
        var best: (candidate: MediaType, rank: Rank)?
        for candidate in candidates {
            guard let rank = rank(of: candidate), rank.weight > .none else { continue }
            if let current = best, !(rank > current.rank) { continue }
            best = (candidate, rank)
        }
        return best?.candidate
    }

    private struct Rank: Comparable {
        let weight: Weight
        let specificity: Int
        let index: Int

        static func < (left: Rank, right: Rank) -> Bool {
            (left.weight, left.specificity, right.index) < (right.weight, right.specificity, left.index)
        }
    }

    /// The weight of the range that names `candidate` most closely.
    private func rank(of candidate: MediaType) -> Rank? {
        var rank: Rank?
        for (index, member) in members.enumerated() {
            guard let specificity = member.specificity(for: candidate) else { continue }
            if let rank, rank.specificity >= specificity { continue }
            rank = Rank(weight: member.weight, specificity: specificity, index: index)
        }
        return rank
    }
}
