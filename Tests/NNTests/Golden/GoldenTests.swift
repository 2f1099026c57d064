import JSON
import OrderedCollections
import Tensors
import Testing

@testable import NN

/// Every case of `torch-golden.json`, in the mode that it names, under the rules of both versions.
struct GoldenTests {
    static let tables: [[String: GoldenAnswering]] = [
        GoldenLinearAnswers.all, GoldenDrawAnswers.all, GoldenDrawAnswers.tensors, GoldenModuleAnswers.all,
        GoldenModuleAnswers.others, GoldenLossAnswers.all, GoldenOptimizerAnswers.all, GoldenTextAnswers.prints,
        GoldenTextAnswers.errors,
    ]

    static func answering(_ id: String) -> GoldenAnswering? { tables.lazy.compactMap { $0[id] }.first }

    /// Cases that say nothing of PyTorch 1.0.1: it lacks the module (D03, D04, D13, D16) or the argument (B11), it aborts
    /// (C05, C08), or nobody has asked it (D19).
    static let silentOnOldVersion: Set = ["B11", "C05", "C08", "D03", "D04", "D13", "D16", "D19"]

    struct Row: Sendable, CustomTestStringConvertible {
        let golden: GoldenCase
        let version: Compatibility
        var testDescription: String { "\(golden.id) in \(version.rawValue)" }
    }

    static let rows = GoldenCase.all.flatMap { golden in
        Compatibility.allCases
            .filter { $0 == .current || !silentOnOldVersion.contains(golden.id) }
            .map { Row(golden: golden, version: $0) }
    }

    @Test(arguments: rows) func answersAsPyTorch(row: Row) throws {
        let golden = row.golden
        let answering = try #require(Self.answering(golden.id), "no answer to \(golden.id)")
        let answers = try quietContext(compatibility: row.version).run { try answering(golden) }
        let parts = golden.parts(from: row.version)
        #expect(Array(answers.keys) == parts.map(\.name))
        for (name, expected) in parts {
            switch answers[name] {
            case .tensor(let tensor): try golden.expect(tensor, in: expected)
            case .bits(let tensor): try golden.expect(tensor, bits: true, in: expected)
            case .text(let text): #expect(text == expected.asString)
            case nil: Issue.record("no answer to \(name)")
            }
        }
    }

    @Test func skipsNoCase() {
        #expect(GoldenCase.all.count == 110)
        #expect(Self.tables.flatMap(\.keys).sorted() == GoldenCase.all.map(\.id).sorted())
        #expect(Self.silentOnOldVersion.allSatisfy { GoldenCase.named($0)?.expectedOld == nil })
    }
}
