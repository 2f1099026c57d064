import JSON
import Tensors
import Testing

@testable import NN

extension GoldenCase {
    /// Expects `tensor` to be what the case says under `name`, or as a whole.
    func expect(
        _ tensor: Tensor?,
        _ name: String? = nil,
        bits: Bool = false,
        in expected: JSONValue? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let whole = expected ?? self.expected
        let part = name.map { whole[$0] } ?? whole
        let given = try #require(tensor, sourceLocation: sourceLocation)
        if let digest = part?["sha256_le_bytes"]?.asString {
            #expect(given.withUnsafeBytes { SHA256.digest(of: Array($0)) } == digest, sourceLocation: sourceLocation)
            return
        }
        let wanted = try Tensor(golden: part)
        #expect(given.shape == wanted.shape && given.dtype == wanted.dtype, sourceLocation: sourceLocation)
        if bits || comparison.isExact {
            #expect(given.patterns == wanted.patterns, "\(id) \(name ?? "")", sourceLocation: sourceLocation)
        } else {
            #expect(isClose(given, wanted), "\(id) \(name ?? ""): \(given) \(wanted)", sourceLocation: sourceLocation)
        }
    }

    /// Expects `text` to be what the case says under `name`.
    func expect(
        text: String?,
        _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(text == expected[name]?.asString, sourceLocation: sourceLocation)
    }

    /// Expects `body` to throw the error that the case says, and returns it.
    @discardableResult
    func expectError(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) -> (any Error)? {
        let error = #expect(throws: (any Error).self, sourceLocation: sourceLocation) { try body() }
        let (kind, text) =
            switch error {
            case let error as TensorError: (error.kind, error.message())
            case let error as ModuleError: (error.kind, error.message())
            default: (ErrorKind.runtime, "\(String(describing: error))")
            }
        expect(text: kind.rawValue, "error_type", sourceLocation: sourceLocation)
        expect(text: text, "error_text", sourceLocation: sourceLocation)
        return error
    }

    private func isClose(_ given: Tensor, _ wanted: Tensor) -> Bool {
        guard case .close(let relative, let absolute) = comparison else { return false }
        return zip(given.scalars(as: Double.self), wanted.scalars(as: Double.self)).allSatisfy { given, wanted in
            given == wanted || (given.isNaN && wanted.isNaN)
                || abs(given - wanted) <= absolute + relative * abs(wanted)
        }
    }
}

extension GoldenCase.Comparison {
    var isExact: Bool {
        if case .close = self { false } else { true }
    }
}

extension Tensor {
    /// The bits of each element; every NaN counts as the same.
    fileprivate var patterns: [UInt64] {
        switch dtype {
        case .float32: scalars(as: Float.self).map { $0.isNaN ? .max : UInt64($0.bitPattern) }
        case .float64: scalars(as: Double.self).map { $0.isNaN ? .max : $0.bitPattern }
        default: scalars(as: Int64.self).map { UInt64(bitPattern: $0) }
        }
    }
}

extension GoldenCase {
    /// The names of what is expected, in PyTorch's order.
    var names: [String] { expected.asObject?.map(\.key) ?? [] }
}
