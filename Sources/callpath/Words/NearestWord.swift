/// The word that somebody may have meant who mistyped it.
enum NearestWord {
    /// Returns the one of `words` that differs from `word` by the fewest letters, if those are few.
    static func of(_ word: String, in words: [String]) -> String? {
        let typed = Array(word.utf8)
        guard (1...64).contains(typed.count) else { return nil }
        let distances = words.map { (word: $0, distance: distance(typed, Array($0.utf8))) }
        let nearest = distances.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(1, typed.count / 3) else { return nil }
        return nearest.word
    }

    /// Returns the question to ask behind an error, with a blank before it; nothing if no word is near.
    static func hint(_ word: String, in words: [String]) -> String {
        of(word, in: words).map { " Did you mean '\($0)'?" } ?? ""
    }

    /// Returns how many letters have to be inserted, left out, changed, or swapped with their neighbour.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var (earlier, previous, row) = ([Int](), [Int](), Array(0...right.count))
        for (i, letter) in left.enumerated() {
            (earlier, previous) = (previous, row)
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                row[j + 1] = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (letter == other ? 0 : 1))
                let isSwap = i > 0 && j > 0 && letter == right[j - 1] && left[i - 1] == other
                if isSwap { row[j + 1] = min(row[j + 1], earlier[j - 1] + 1) }
            }
        }
        return row[right.count]
    }
}
