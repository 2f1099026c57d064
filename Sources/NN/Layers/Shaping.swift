public import Tensors

/// The input as it is: `y = x`.
public final class Identity: Module {
    public override func forward(_ input: Tensor) throws -> Tensor { input }
    public override var typeName: String { "Identity" }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec { inputs.first ?? .unknown }

    public override func emptyCopy() throws -> Module { Identity() }
}

/// The axes from `startDim` to `endDim` merged into one.
///
/// - Input: `[*, S_start, ..., S_end, *]`. Output: `[*, S_start · ... · S_end, *]`. Negative axes count from the end.
public final class Flatten: Module {
    /// The first axis to merge.
    public let startDim: Int
    /// The last axis to merge.
    public let endDim: Int

    /// Creates a layer that by default keeps the first axis, the batch, and merges all others.
    public init(startDim: Int = 1, endDim: Int = -1) {
        self.startDim = startDim
        self.endDim = endDim
    }

    public override func forward(_ input: Tensor) throws -> Tensor {
        try input.flattened(from: startDim, through: endDim)
    }

    public override var typeName: String { "Flatten" }
    public override var extraRepr: String { "start_dim=\(startDim), end_dim=\(endDim)" }
    public override var attributeNames: Set<String> { ["start_dim", "end_dim"] }
    public override func outputSpec(for inputs: [ValueSpec]) -> ValueSpec {
        .tensor((inputs.first?.tensor ?? .unknown).flattened(from: startDim, through: endDim))
    }

    public override func emptyCopy() throws -> Module { Flatten(startDim: startDim, endDim: endDim) }
}

extension ModuleType {
    static let identity = ModuleType("Identity", takesDType: true) { _, _, _ in Identity() }

    static let flatten = ModuleType(
        "Flatten",
        parameters: [ModuleParameter("start_dim", .int, 1), ModuleParameter("end_dim", .int, -1)]
    ) { given, _, _ in
        Flatten(startDim: given.int("start_dim"), endDim: given.int("end_dim"))
    }
}
