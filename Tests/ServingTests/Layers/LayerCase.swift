import FoundationEssentials
import JSON
import NN
import OrderedCollections
import Tensors
import Testing

@testable import Models

/// A layer that PyTorch made and called, and what came of it.
struct LayerCase: Sendable, CustomTestStringConvertible {
    let index: Int
    let content: JSONValue

    var testDescription: String {
        "\(index): \(type) \(String(decoding: content["arguments"]?.serialized ?? [], as: UTF8.self))"
    }
    var type: String { content["type"]?.asString ?? "" }
    var goesBackward: Bool { content["backward"]?.asBool ?? true }
    var isTraining: Bool { content["training"]?.asBool ?? false }
    var seed: UInt64 { UInt64(content["seed"]?.asInt ?? 0) }
    var dtype: DType? { content["dtype"]?.asString.flatMap(DType.init) }

    /// Every case of `layers.json`, which `generate.py` beside it writes.
    static let all: [LayerCase] = {
        do {
            let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/layers.json")
            let document = try JSONValue(parsing: Array(Data(contentsOf: path)))
            return (document["cases"]?.asArray ?? []).enumerated().map(LayerCase.init)
        } catch {
            return []
        }
    }()

    var description: LayerDescription {
        var arguments: OrderedDictionary<String, ArgumentValue> = [:]
        for (name, value) in content["arguments"]?.asObject ?? JSONObject() {
            arguments[name] = ArgumentValue(fixture: value)
        }
        return LayerDescription(type: type, arguments: arguments, dtype: dtype)
    }

    /// The inputs, filled by the fixture's rule; leaves of a graph if the case goes backward.
    func inputs() throws -> [Value] {
        var salt = 0
        return try (content["inputs"]?.asArray ?? []).map { try input($0, &salt) }
    }

    private func input(_ given: JSONValue, _ salt: inout Int) throws -> Value {
        if let inner = given["tuple"]?.asArray {
            return .tuple(try inner.map { try input($0, &salt) })
        }
        let shape = try Shape(checking: (given["shape"]?.asArray ?? []).compactMap(\.asInt))
        let type = given["dtype"]?.asString.flatMap(DType.init) ?? dtype ?? .float32
        let tensor = try Tensor(filling: shape, salt: salt, dtype: type, below: given["below"]?.asInt)
        salt += 1
        return .tensor(type.isFloatingPoint && goesBackward ? try tensor.requiringGrad() : tensor)
    }
}

extension Tensor {
    /// Creates a tensor of the numbers that `generate.py` draws by its rule.
    init(filling shape: Shape, salt: Int, dtype: DType, below: Int? = nil) throws {
        let numbers = (0..<shape.elementCount).map { index in
            below.map { Double((index * 7 + salt) % $0) } ?? Double((index * 37 + salt * 17) % 101 - 50) / 16
        }
        self = try Tensor(numbers, shape: shape).converted(to: dtype)
    }

    /// Creates the tensor that the fixture holds.
    init(fixture value: JSONValue) throws {
        let shape = try Shape(checking: (value["shape"]?.asArray ?? []).compactMap(\.asInt))
        let dtype = value["dtype"]?.asString.flatMap(DType.init) ?? .float32
        let numbers = (value["data"]?.asArray ?? []).map { element -> Double in
            element.asDouble
                ?? (element.asBool.map { $0 ? 1 : 0 })
                ?? element.asString.flatMap(Double.init) ?? .nan
        }
        self = try Tensor(numbers, shape: shape).converted(to: dtype)
    }
}

extension ArgumentValue {
    init(fixture value: JSONValue) {
        self =
            switch value {
            case .null: .null
            case .bool(let flag): .bool(flag)
            case .string(let text): .string(text)
            case .number(let number):
                number.integer().map { (whole: Int64) in .int(whole) } ?? .double(number.doubleValue)
            case .array(let elements): .list(elements.map(ArgumentValue.init(fixture:)))
            case .object: .object
            }
    }
}
