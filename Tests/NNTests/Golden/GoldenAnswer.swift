import JSON
import OrderedCollections
import Tensors

@testable import NN

/// What this library says to one part of a golden case.
enum GoldenAnswer {
    case tensor(Tensor?)
    /// A tensor whose bits must agree, although the rest of the case need only be close.
    case bits(Tensor?)
    case text(String?)
}

/// What it says to a whole case, by the names of the parts; a case of one part leaves the name empty.
typealias GoldenAnswers = OrderedDictionary<String, GoldenAnswer>

/// What answers one case, under the rules of `Compatibility.ambient`.
typealias GoldenAnswering = @Sendable (GoldenCase) throws -> GoldenAnswers

extension GoldenCase {
    /// The parts of what is expected, by name; those of a list are numbered.
    func parts(from version: Compatibility) -> [(name: String, value: JSONValue)] {
        let whole = version == .torch1_0_1 ? expectedOld ?? expected : expected
        if let list = whole.asArray { return list.enumerated().map { ("\($0)", $1) } }
        guard let object = whole.asObject, whole["shape"] == nil else { return [("", whole)] }
        return object.map { ($0.key, $0.value) }
    }
}
