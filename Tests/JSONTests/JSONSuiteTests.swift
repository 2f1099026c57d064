import JSON
import Testing
import WireCases

/// The cases of JSONTestSuite, whose names say what RFC 8259 asks for: `y_` accept, `n_` refuse, `i_` as you like.
struct JSONSuiteTests {
    /// RFC 8259 lets a key come twice, and RFC 7493 does not: two readers would see two different requests.
    private static let refusedOnPurpose: Set = ["y_object_duplicated_key", "y_object_duplicated_key_and_value"]

    @Test func theTableKeepsToTheStandard() {
        let rows = JSONCase.all
        #expect(rows.count == 323)
        #expect(Set(rows.map(\.name)).count == rows.count)
        for row in rows {
            switch row.name.prefix(2) {
            case "y_": #expect(row.isAccepted != Self.refusedOnPurpose.contains(row.name), "\(row)")
            case "n_": #expect(!row.isAccepted, "\(row)")
            default: #expect(row.name.hasPrefix("i_"), "\(row)")
            }
        }
    }

    @Test(arguments: JSONCase.all)
    func isReadAsTheTableSays(row: JSONCase) {
        let value = try? JSONValue(parsing: row.octets)
        #expect((value != nil) == row.isAccepted)
        #expect(skips(row.octets) == row.isAccepted)
    }

    /// A value that nobody wants is read as strictly as one that somebody does.
    private func skips(_ octets: [UInt8]) -> Bool {
        var reader = JSONReader(octets)
        do throws(JSONError) {
            try reader.skipValue()
            try reader.finish()
            return true
        } catch { return false }
    }

    /// What is read is written so that it is read again as the same.
    @Test(arguments: JSONCase.all.filter(\.isAccepted))
    func comesBackAsItWas(row: JSONCase) throws {
        let value = try JSONValue(parsing: row.octets)
        #expect(try JSONValue(parsing: value.serialized) == value)
    }
}
