/// The subscripts of `einsum`: one list of labels for each operand and one for the result.
package struct EinsumEquation: Sendable {
    /// A letter, or one of the axes that an ellipsis stands for, the last one being 0.
    package enum Label: Hashable, Sendable {
        case letter(Character)
        case ellipsis(Int)
    }

    package let inputs: [[Label]]
    package let output: [Label]

    /// Reads `equation` for operands of `ranks`.
    package init(_ equation: String, ranks: [Int]) throws(TensorError) {
        guard !ranks.isEmpty else { throw .function(.einsum("must provide at least one operand")) }
        let characters = Array(equation)
        let arrow = characters.indices.first {
            characters[$0] == "-" && $0 + 1 < characters.count && characters[$0 + 1] == ">"
        }
        let left = characters[..<(arrow ?? characters.count)]
        let terms = left.split(separator: ",", omittingEmptySubsequences: false)
        guard terms.count >= ranks.count else {
            throw .function(.einsum("more operands were provided than specified in the equation"))
        }
        var (lists, ellipsis, counts) = ([[Label]](), 0, [Character: Int]())
        for (number, term) in terms.enumerated() {
            let place = "for operand \(number)"
            let labels = try Self.labels(of: term, place)
            guard number < ranks.count else {
                throw .function(.einsum("fewer operands were provided than specified in the equation"))
            }
            let letters = labels.compactMap { $0 }
            let hidden = ranks[number] - letters.count
            guard letters.count < labels.count || hidden == 0 else {
                throw .function(.einsum(Self.countText(letters.count, ranks[number], number, hasEllipsis: false)))
            }
            guard hidden >= 0 else {
                throw .function(.einsum(Self.countText(letters.count, ranks[number], number, hasEllipsis: true)))
            }
            ellipsis = max(ellipsis, letters.count < labels.count ? hidden : 0)
            for letter in letters { counts[letter, default: 0] += 1 }
            lists.append(Self.expanded(labels, to: hidden))
        }
        inputs = lists
        let axes = (0..<ellipsis).reversed().map { Label.ellipsis($0) }
        guard let arrow else {
            output = axes + counts.keys.filter { counts[$0] == 1 }.sorted().map { Label.letter($0) }
            return
        }
        let labels = try Self.labels(of: characters[(arrow + 2)...], "for the output")
        output = Self.expanded(labels, to: ellipsis)
        try checkOutput(counts)
    }

    private func checkOutput(_ counts: [Character: Int]) throws(TensorError) {
        var seen: Set<Character> = []
        for case .letter(let letter) in output {
            guard seen.insert(letter).inserted else {
                throw .function(.einsum("output subscript \(letter) appears more than once in the output"))
            }
            guard counts[letter] != nil else {
                throw .function(
                    .einsum("output subscript \(letter) does not appear in the equation for any input operand")
                )
            }
        }
    }

    /// Returns the letters of one term, and `nil` for its ellipsis.
    private static func labels(of term: ArraySlice<Character>, _ place: String) throws(TensorError) -> [Character?] {
        var (labels, index) = ([Character?](), term.startIndex)
        while index < term.endIndex {
            let character = term[index]
            switch character {
            case " ": index += 1
            case ".":
                guard !labels.contains(nil) else {
                    throw .function(.einsum("found '.' \(place) for which an ellipsis was already found"))
                }
                guard term[index...].prefix(3) == ["." as Character, ".", "."] else {
                    throw .function(.einsum("found '.' \(place) that is not part of any ellipsis"))
                }
                labels.append(nil)
                index += 3
            case _ where character.isASCII && character.isLetter:
                labels.append(character)
                index += 1
            default:
                throw .function(
                    .einsum(
                        "invalid subscript given at index \(index) in the equation string, subscripts must be in [a-zA-Z]"
                    )
                )
            }
        }
        return labels
    }

    private static func expanded(_ labels: [Character?], to count: Int) -> [Label] {
        labels.flatMap { label in
            label.map { [Label.letter($0)] } ?? (0..<count).reversed().map { Label.ellipsis($0) }
        }
    }

    private static func countText(_ letters: Int, _ rank: Int, _ number: Int, hasEllipsis: Bool) -> String {
        let relation = hasEllipsis ? "is more than" : "does not match"
        let counted =
            "the number of subscripts in the equation (\(letters)) \(relation) the number of dimensions (\(rank))"
        return counted + " for operand \(number)" + (hasEllipsis ? "" : " and no ellipsis was given")
    }
}
