import FoundationEssentials
import JSON
import Tensors
import Testing

/// One of the results that PyTorch itself gave, with what it was given.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let id: String
    let inputs: JSONValue
    let expected: JSONValue
    /// What PyTorch 1.0.1 gave, where that differs.
    let expectedOld: JSONValue?
    let comparison: Comparison

    var testDescription: String { id }

    enum Comparison: Sendable {
        case bits, text
        case close(relative: Double, absolute: Double)
    }

    init?(_ value: JSONValue) {
        guard let id = value["id"]?.asString, let inputs = value["inputs"], let expected = value["expected"],
            let comparison = Comparison(value["compare"])
        else { return nil }
        self.id = id
        self.inputs = inputs
        self.expected = expected
        self.comparison = comparison
        expectedOld = value["expected_1_0_1"]
    }
}

extension GoldenCase.Comparison {
    init?(_ value: JSONValue?) {
        switch value?["mode"]?.asString {
        case "bits": self = .bits
        case "text": self = .text
        case "close":
            guard let relative = value?["rtol"]?.asDouble, let absolute = value?["atol"]?.asDouble else { return nil }
            self = .close(relative: relative, absolute: absolute)
        default: return nil
        }
    }
}

extension GoldenCase {
    /// Every case of `torch-golden.json`, in its order.
    static let all = cases(in: "torch-golden.json")
    /// Every case of `modules.json`, which `generate.py` beside it writes.
    static let ofModules = cases(in: "modules.json")

    private static func cases(in fixture: String) -> [GoldenCase] {
        do {
            let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/\(fixture)")
            let document = try JSONValue(parsing: Array(Data(contentsOf: path)))
            return (document["cases"]?.asArray ?? []).compactMap(GoldenCase.init)
        } catch {
            return []
        }
    }

    static func named(_ id: String) -> GoldenCase? { (all + ofModules).first { $0.id == id } }

    /// Returns the input tensor called `name`.
    func tensor(_ name: String) throws -> Tensor { try Tensor(golden: inputs[name]) }

    /// The generator of the case's seed.
    func generator() throws -> Generator {
        guard let seed = inputs["seed"]?.asInt else { throw Failure("\(id) has no seed") }
        return Generator(seed: UInt64(seed))
    }
}

extension Tensor {
    /// Creates the tensor that the fixture describes, from its bits where it has them.
    init(golden value: JSONValue?) throws {
        guard let value, let name = value["dtype"]?.asString, let dtype = DType(rawValue: name),
            let shape = value["shape"]?.asArray
        else { throw Failure("no tensor: \(String(describing: value))") }
        let sizes = try Shape(checking: shape.compactMap(\.asInt))
        let bits = value["bits"]?.asArray?.compactMap { $0.asString.flatMap { UInt64($0, radix: 16) } }
        let numbers = (value["data"]?.asArray ?? []).compactMap(\.asDouble)
        switch (dtype, bits) {
        case (.float32, let bits?): try self.init(bits.map { Float(bitPattern: UInt32($0)) }, shape: sizes)
        case (.float64, let bits?): try self.init(bits.map { Double(bitPattern: $0) }, shape: sizes)
        default: try self = Tensor(numbers, shape: sizes).converted(to: dtype)
        }
    }
}
