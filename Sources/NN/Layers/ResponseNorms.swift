public import Tensors

/// Division of each number by a power of the squares of its neighbours among the channels.
///
/// Input and output: `[N, C, *]`.
public class LocalResponseNorm: Module {
    /// The number of neighbours.
    public final let size: Int
    /// What the sum of squares is multiplied by, after division by `size`.
    public final let alpha: PythonNumber
    /// The exponent.
    public final let beta: PythonNumber
    /// What is added to the sum.
    public final let k: PythonNumber

    /// Creates a norm.
    public required init(size: Int, alpha: PythonNumber = 1e-4, beta: PythonNumber = 0.75, k: PythonNumber = 1.0) {
        (self.size, self.alpha, self.beta, self.k) = (size, alpha, beta, k)
    }

    final func norm(_ neighbours: ResponseNorm.Neighbours) -> ResponseNorm {
        ResponseNorm(size: size, alpha: alpha.value, beta: beta.value, k: k.value, neighbours: neighbours)
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        guard input.rank >= 3 else { throw ModuleError.layer(.responseRank(input.rank)) }
        return try input.responseNorm(norm(.around))
    }

    public final override var extraRepr: String { "\(size), alpha=\(alpha), beta=\(beta), k=\(k)" }
    public final override var attributeNames: Set<String> { ["size", "alpha", "beta", "k"] }

    /// Rows are by themselves but where they are the channels.
    public final override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        guard let spec = inputs.first?.tensor, let rank = spec.rank, rank >= 3 else { return .unknown }
        return spec.batchAxis == 1 ? .mixed(inputs) : .tensor(spec)
    }

    public final override var workPerElement: Int {
        let (neighbours, overflow) = max(1, size).multipliedReportingOverflow(by: CallMeter.elementCost)
        return overflow ? .max : neighbours.addingReportingOverflow(CallMeter.scalarCost).partialValue
    }

    public final override func emptyCopy() throws -> Module { Self(size: size, alpha: alpha, beta: beta, k: k) }
}

/// Division of each number by a power of the squares of its neighbours among the channels, as Lua's Torch had it.
///
/// Input and output: `[N, C, H, W]`.
public final class CrossMapLRN2d: LocalResponseNorm {
    public override func forward(_ input: Tensor) throws -> Tensor {
        guard input.rank == 4 else { throw ModuleError.layer(.crossMapRank(input.rank)) }
        return try input.responseNorm(norm(.crossing))
    }
}

extension ModuleType {
    /// Divisions by what is near.
    static let responseNorms: [ModuleType] = [
        responseNorm(LocalResponseNorm.self, k: 1.0), responseNorm(CrossMapLRN2d.self, k: 1),
    ]

    private static func responseNorm(_ kind: LocalResponseNorm.Type, k: Value) -> ModuleType {
        ModuleType(
            "\(kind)",
            parameters: [
                ModuleParameter("size", .int), ModuleParameter("alpha", .number, 1e-4),
                ModuleParameter("beta", .number, 0.75), ModuleParameter("k", .number, k),
            ],
            make: { given, _, _ in
                kind.init(
                    size: given.int("size"),
                    alpha: given.number("alpha"),
                    beta: given.number("beta"),
                    k: given.number("k")
                )
            }
        )
    }
}
