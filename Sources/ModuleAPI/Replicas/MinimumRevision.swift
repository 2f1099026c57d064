import HTTP
import HTTPTypes
import JSON
import Web

/// What `Callpath-Minimum-Revision` says: the revisions that a client has seen, and below which it wants no answer.
struct MinimumRevision {
    let numbers: [Int]

    /// Reads a list of what `Callpath-Revision` has said.
    ///
    /// - Throws: 400 for what says no revision, 412 for one of another registry.
    init(_ text: String, of instance: String) throws(Problem) {
        var numbers: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let revision = part.trimmingPrefix { $0.isWhitespace }.prefix { !$0.isWhitespace }
            let halves = revision.split(separator: ".", omittingEmptySubsequences: false)
            let digits = halves.last ?? ""
            guard halves.count == 2, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
                !halves[0].isEmpty
            else {
                throw Problem(
                    .malformedField,
                    "Callpath-Minimum-Revision is a list of what Callpath-Revision has said.",
                    expected: .string("\(instance).1"),
                    got: .string(String(part))
                )
            }
            guard halves[0] == instance else {
                throw Problem(
                    .preconditionFailed,
                    "Callpath-Minimum-Revision names a revision of another registry.",
                    expected: .string(instance),
                    got: .string(String(halves[0]))
                )
            }
            numbers.append(number)
        }
        self.numbers = numbers
    }
}
