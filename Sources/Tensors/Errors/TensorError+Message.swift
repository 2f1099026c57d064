/// The exception that PyTorch raises.
public enum ErrorKind: String, Sendable {
    case runtime = "RuntimeError"
    case value = "ValueError"
    case type = "TypeError"
    case index = "IndexError"
    case notImplemented = "NotImplementedError"
    case key = "KeyError"
    case attribute = "AttributeError"
    case assertion = "AssertionError"
    case zeroDivision = "ZeroDivisionError"
}

extension TensorError: CustomStringConvertible {
    /// PyTorch 2.13's text.
    public var description: String { message() }

    /// The exception that PyTorch raises for it.
    public var kind: ErrorKind {
        switch self {
        case .function(let problem): problem.kind
        case .raggedSequence, .tooManyDimensions, .integerOverflow, .emptyConcatenation, .oneValuePerChannel,
            .batchSizes, .singleTarget, .targetSize, .invalidReduction, .invalidDropout, .tooFewAxes:
            .value
        case .nestedWhereNumberExpected, .realNumberExpected, .notASequence, .invalidData:
            .type
        case .dimensionOutOfRange, .indexOutOfBounds, .selectOutOfRange, .embeddingIndexOutOfRange,
            .targetOutOfBounds:
            .index
        case .notImplemented:
            .notImplemented
        case .layer(let problem):
            problem.kind
        default:
            .runtime
        }
    }

    /// Returns the text that PyTorch gives.
    public func message(_ compatibility: Compatibility = .current) -> String {
        if compatibility == .torch1_0_1, let text = oldMessage { return text }
        if case .function(let problem) = self { return problem.message }
        return constructionMessage ?? shapeMessage ?? productMessage ?? typeMessage ?? layerMessage ?? gradientMessage
    }

    /// What PyTorch 1.0.1 says where it says something else.
    private var oldMessage: String? {
        let source = "/pytorch/aten/src/TH/generic/THTensorMath.cpp"
        switch self {
        case .nestedWhereNumberExpected(let type): return "an integer is required (got type \(type))"
        case .integerOverflow: return "Overflow when unpacking long"
        case .productShapes(let rows, let inner, let otherInner, let columns):
            return "size mismatch, m1: [\(rows) x \(inner)], m2: [\(otherInner) x \(columns)] at \(source):940"
        case .matrixVectorShapes(let rows, let columns, let vector):
            return "size mismatch, [\(rows) x \(columns)], [\(vector)] at \(source):821"
        case .productNeedsAxes(_, let first, let second):
            return Self.needsAxes("matmul", first, second)
        case .productTypes(.linearFolded, let first, let second), .productTypes(.matrices, let first, let second):
            return Self.oldTypes(first, second, "argument #2 'mat2'")
        case .productTypes(.linearMatrix, let first, let second):
            return Self.oldTypes(second, first, "argument #4 'mat1'")
        default: return nil
        }
    }

    private static func oldTypes(_ expected: DType, _ got: DType, _ place: String) -> String {
        "Expected object of scalar type \(expected.scalarName) but got scalar type \(got.scalarName) for \(place)"
    }

    static func needsAxes(_ operation: String, _ first: Int, _ second: Int) -> String {
        "both arguments to \(operation) need to be at least 1D, but they are \(first)D and \(second)D"
    }
}
