import Foundation
import OrderedCollections
import Tensors
import Testing

@testable import NN

/// One call of a function and PyTorch's answer, as `Fixtures/functions/generate.py` writes it.
struct FunctionRow: Decodable, Sendable, CustomTestStringConvertible {
    struct Failure: Decodable, Sendable {
        let kind: String
        let text: String
    }

    let function: String
    let args: [RecordedValue]
    let kwargs: [String: RecordedValue]
    let seed: UInt64?
    let error: Failure?
    let output: RecordedValue?
    let gradients: [RecordedTensor?]?

    /// Whether halves take part, so that PyTorch may round between the steps of a function.
    var isRough: Bool { (args + Array(kwargs.values)).contains(where: \.isHalf) }

    var testDescription: String { "\(function)\(args) \(kwargs)" }

    static func load(_ family: String) throws -> [FunctionRow] {
        let url = try #require(
            Bundle.module.url(forResource: "functions/\(family)", withExtension: "json", subdirectory: "Fixtures")
        )
        return try JSONDecoder().decode([FunctionRow].self, from: Data(contentsOf: url))
    }
}

/// A tensor by its little-endian bytes.
struct RecordedTensor: Decodable, Sendable {
    let shape: [Int]
    let dtype: String
    let hex: String

    var type: DType { DType(rawValue: dtype) ?? .float32 }

    var tensor: Tensor {
        get throws {
            let digits = Array(hex.utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
                Self.digit(digits[index]) << 4 | Self.digit(digits[index + 1])
            }
            return try bytes.withUnsafeBytes { try Tensor(bytes: $0, dtype: type, shape: Shape(checking: shape)) }
        }
    }

    private static func digit(_ character: UInt8) -> UInt8 {
        character < 0x3A ? character - 0x30 : character - 0x61 + 10
    }
}

/// A value that a function takes or gives.
indirect enum RecordedValue: Decodable, Sendable, CustomStringConvertible {
    case value(NN.Value)
    case tensor(RecordedTensor, requires: Bool)
    case list([RecordedValue]), tuple([RecordedValue])

    private enum Key: String, CodingKey {
        case i, f, b, s, dtype, ellipsis, slice, l, t, hex, requires
    }

    init(from decoder: any Decoder) throws {
        if try decoder.singleValueContainer().decodeNil() {
            self = .value(.none)
            return
        }
        let fields = try decoder.container(keyedBy: Key.self)
        if fields.contains(.hex) {
            self = .tensor(try RecordedTensor(from: decoder), requires: try fields.decode(Bool.self, forKey: .requires))
        } else if fields.contains(.l) {
            self = .list(try fields.decode([RecordedValue].self, forKey: .l))
        } else if fields.contains(.t) {
            self = .tuple(try fields.decode([RecordedValue].self, forKey: .t))
        } else {
            self = .value(try Self.plain(fields))
        }
    }

    private static func plain(_ fields: KeyedDecodingContainer<Key>) throws -> NN.Value {
        if fields.contains(.i) { return .integer(try fields.decode(Int64.self, forKey: .i)) }
        if fields.contains(.f) {
            if let number = try? fields.decode(Double.self, forKey: .f) { return .float(number) }
            return .float(Double(try fields.decode(String.self, forKey: .f)) ?? .nan)
        }
        if fields.contains(.b) { return .bool(try fields.decode(Bool.self, forKey: .b)) }
        if fields.contains(.s) { return .string(try fields.decode(String.self, forKey: .s)) }
        if fields.contains(.dtype) {
            return .dtype(DType(rawValue: try fields.decode(String.self, forKey: .dtype)) ?? .float32)
        }
        guard fields.contains(.slice) else { return .ellipsis }
        let bounds = try fields.decode([Int64?].self, forKey: .slice)
        return .slice(start: bounds[0], stop: bounds[1], step: bounds[2])
    }

    /// The value, its tensors leaves where they require gradients.
    var made: NN.Value {
        get throws {
            switch self {
            case .value(let value): value
            case .tensor(let tensor, let requires): .tensor(try tensor.tensor.requiringGrad(requires))
            case .list(let values): .list(try values.map { try $0.made })
            case .tuple(let values): .tuple(try values.map { try $0.made })
            }
        }
    }

    /// Whether it is a tensor of halves, or their dtype.
    var isHalf: Bool {
        switch self {
        case .tensor(let tensor, _): tensor.type.isHalf
        case .value(.dtype(let dtype)): dtype.isHalf
        case .value: false
        case .list(let values), .tuple(let values): values.contains(where: \.isHalf)
        }
    }

    var description: String {
        switch self {
        case .value(let value): "\(value)"
        case .tensor(let tensor, _): "\(tensor.dtype)\(tensor.shape)"
        case .list(let values): "\(values)"
        case .tuple(let values): "(\(values))"
        }
    }
}
