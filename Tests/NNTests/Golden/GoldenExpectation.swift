import JSON
import Tensors
import Testing

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
        in expected: JSONValue? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(text == (expected ?? self.expected)[name]?.asString, sourceLocation: sourceLocation)
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
