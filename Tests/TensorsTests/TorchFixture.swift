import Foundation
import Tensors
import Testing

/// A tensor as `Fixtures/torch/generate.py` writes it.
struct TorchTensor: Decodable, Sendable {
    let shape: [Int]
    let dtype: DType
    let hex: String

    var tensor: Tensor {
        get throws {
            let digits = Array(hex.utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
                Self.digit(digits[index]) << 4 | Self.digit(digits[index + 1])
            }
            return try bytes.withUnsafeBytes {
                try Tensor(bytes: $0, dtype: dtype, shape: Shape(checking: shape))
            }
        }
    }

    private static func digit(_ character: UInt8) -> UInt8 {
        character < 0x3A ? character - 0x30 : character - 0x61 + 10
    }
}

extension DType: Decodable {}

/// One call and PyTorch's answer to it.
struct TorchCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Failure: Decodable, Sendable, Equatable {
        let kind: String
        let text: String
    }

    let op: String
    let inputs: [TorchTensor?]
    let arguments: TorchArguments
    /// Which inputs require gradients.
    let requires: [Bool]
    let error: Failure?
    let output: TorchTensor?
    let gradFn: String?
    let gradients: [TorchTensor?]?

    private enum CodingKeys: String, CodingKey {
        case op, inputs, arguments, requires, error, output, gradients
        case gradFn = "grad_fn"
    }

    var testDescription: String {
        "\(op) of \(inputs.map { $0.map { "\($0.dtype.rawValue)\($0.shape)" } ?? "nil" }) with \(arguments.given)"
    }
}

/// The arguments beside the tensors, under PyTorch's names.
struct TorchArguments: Decodable, Sendable {
    var number: Double?
    var dim, dim0, dim1, start_dim, end_dim, start, length, padding_idx, ignore_index: Int?
    var keepdim, training: Bool?
    var shape, normalized_shape: [Int]?
    var eps, label_smoothing, negative_slope, alpha, beta, threshold, min_val, max_val, min, max: Double?
    var approximate, reduction: String?
    var dtype: DType?

    /// What is there, for messages.
    var given: [String] {
        Mirror(reflecting: self).children.compactMap { child in
            let value = "\(child.value)"
            return value == "nil" ? nil : "\(child.label ?? ""): \(value)"
        }
    }
}

/// One tensor and what PyTorch prints for it.
struct TorchPrint: Decodable, Sendable {
    let tensor: TorchTensor
    let requires_grad: Bool
    let text: String
}

enum TorchFixture {
    static func load<Content: Decodable>(_ name: String, as type: Content.Type) throws -> Content {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures")
        )
        return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
    }
}
