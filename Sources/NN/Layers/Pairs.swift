public import Tensors

/// The cosine of the angle between two tensors along an axis.
///
/// Inputs: `x1` and `x2`, of shapes that stretch to one. Output: that shape without the axis.
public final class CosineSimilarity: Module {
    /// The axis, negative from the end.
    public let dim: Int
    /// The least length of a vector.
    public let epsilon: PythonNumber

    /// Creates a layer.
    public init(dim: Int = 1, epsilon: PythonNumber = 1e-8) {
        (self.dim, self.epsilon) = (dim, epsilon)
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let inputs = try arguments.bound(to: "x1", "x2", in: self)
        return .tensor(try .cosineSimilarity(inputs[0], inputs[1], dim: dim, epsilon: epsilon.value))
    }

    public override var attributeNames: Set<String> { ["dim", "eps"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { .reducedPair(inputs, dim, keepDim: false) }
    public override func emptyCopy() throws -> Module { CosineSimilarity(dim: dim, epsilon: epsilon) }
}

/// The norm of the differences of two tensors along the last axis.
///
/// Inputs: `x1` and `x2`, of shapes that stretch to one. Output: that shape without the last axis, or with one of size 1.
public final class PairwiseDistance: Module {
    /// The exponent of the norm.
    public let norm: PythonNumber
    /// What is added to each difference.
    public let epsilon: PythonNumber
    /// Whether the last axis stays.
    public let keepdim: Bool

    /// Creates a layer.
    public init(p norm: PythonNumber = 2.0, epsilon: PythonNumber = 1e-6, keepdim: Bool = false) {
        (self.norm, self.epsilon, self.keepdim) = (norm, epsilon, keepdim)
    }

    public override func forward(_ input: Tensor) throws -> Tensor { try oneTensor(of: forward(Arguments(input))) }

    public override func forward(_ arguments: Arguments) throws -> Value {
        let inputs = try arguments.bound(to: "x1", "x2", in: self)
        return .tensor(
            try .pairwiseDistance(inputs[0], inputs[1], p: norm.value, epsilon: epsilon.value, keepDim: keepdim)
        )
    }

    public override var attributeNames: Set<String> { ["norm", "eps", "keepdim"] }

    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        ValueSpec.reducedPair(inputs, -1, keepDim: keepdim).inFloats
    }

    public override func emptyCopy() throws -> Module {
        PairwiseDistance(p: norm, epsilon: epsilon, keepdim: keepdim)
    }
}

extension ModuleType {
    /// Layers of two inputs.
    static let pairs: [ModuleType] = [
        ModuleType(
            "CosineSimilarity",
            parameters: [ModuleParameter("dim", .int, 1), ModuleParameter("eps", .number, 1e-8)],
            inputCount: 2,
            make: { given, _, _ in CosineSimilarity(dim: given.int("dim"), epsilon: given.number("eps")) }
        ),
        ModuleType(
            "PairwiseDistance",
            parameters: [
                ModuleParameter("p", .number, 2.0), ModuleParameter("eps", .number, 1e-6),
                ModuleParameter("keepdim", .flag, false),
            ],
            inputCount: 2,
            make: { given, _, _ in
                PairwiseDistance(p: given.number("p"), epsilon: given.number("eps"), keepdim: given.flag("keepdim"))
            }
        ),
    ]
}
