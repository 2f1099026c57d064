/// Finds the subcommand among the words of a command line: options, with their values, may stand before it.
struct Subcommand {
    /// The word that stands where a subcommand is named; `nil` if there are only options.
    let name: String?
    /// All other words.
    let words: [String]
    /// Whether no option stands before it.
    let isFirst: Bool

    /// `takesValue` says of an option whether the next word is its value.
    init(in given: [String], takesValue: (String) -> Bool) {
        let given = given.first == "--" ? Array(given.dropFirst()) : given
        var place = 0
        while place < given.count, given[place].hasPrefix("-"), given[place] != "--" {
            place += takesValue(given[place]) ? 2 : 1
        }
        isFirst = place == 0
        guard place < given.count, given[place] != "--" else {
            (name, words) = (nil, given)
            return
        }
        name = given[place]
        words = Array(given[..<place] + given[(place + 1)...])
    }
}
