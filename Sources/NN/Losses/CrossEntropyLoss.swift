public import Tensors

/// The surprise at the right class: `-log softmax(input)[target]`, by default its mean over the rows.
///
/// With class weights the mean is `Σ w_t l / Σ w_t`; with label smoothing `e` a row costs
/// `(1 - e) · -log p_target + e · mean over classes of -log p`.
/// - Inputs: logits `[N, C]` or `[C]`, and classes `[N]` or `[]` as integers. Output: a scalar, or the target's shape.
/// - State: `weight` of `[C]`, if given.
public final class CrossEntropyLoss: Loss {
    /// The class whose rows do not count.
    public let ignoreIndex: Int
    /// How much of the target is spread over all classes.
    public let labelSmoothing: Double

    private let weightSlot = Slot<Tensor>()

    /// Creates the loss.
    public init(
        weight: Tensor? = nil,
        ignoreIndex: Int = -100,
        reduction: Reduction = .mean,
        labelSmoothing: Double = 0
    ) throws {
        self.ignoreIndex = ignoreIndex
        self.labelSmoothing = labelSmoothing
        super.init(reduction: reduction)
        try registerBuffer("weight", weight, in: weightSlot)
    }

    override func loss(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        try input.crossEntropy(
            target,
            weight: weightSlot.value,
            ignoreIndex: ignoreIndex,
            reduction: reduction,
            labelSmoothing: labelSmoothing
        )
    }

    public override var typeName: String { "CrossEntropyLoss" }

    public override func emptyCopy() throws -> Module {
        try CrossEntropyLoss(ignoreIndex: ignoreIndex, reduction: reduction, labelSmoothing: labelSmoothing)
    }
}
