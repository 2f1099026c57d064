/// One row of `json-suite.tsv`: a text and whether the reader takes it.
package struct JSONCase: Sendable, CustomStringConvertible {
    /// The name of the case in JSONTestSuite; it begins with `y_`, `n_` or `i_`.
    package let name: String
    /// Whether the text is read here.
    package let isAccepted: Bool
    /// The text.
    package let octets: [UInt8]

    /// The name of the case.
    package var description: String { name }

    /// Every row, in the order of the file.
    package static let all = WireCase.rows(of: "json-suite.tsv").map { JSONCase(line: $0) }

    private init(line: Substring) {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        precondition(columns.count == 3, "Three columns are due in: \(line)")
        name = String(columns[0])
        isAccepted = columns[1] == "+"
        var script = WireScript(columns[2])
        octets = script.run().flatMap { $0.octets }
    }
}
