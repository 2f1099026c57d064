public import Tensors

/// The surprise at yes or no: `-(t log σ(x) + (1 - t) log(1 - σ(x)))`, by default its mean over all elements.
///
/// - Inputs: logits and targets from 0 to 1 of one shape. Output: a scalar, or that shape without reduction.
/// - State: `weight` and `pos_weight`, if given; they broadcast, and the latter counts what is yes.
public final class BCEWithLogitsLoss: Loss {
    private let weightSlot = Slot<Tensor>()
    private let positiveWeightSlot = Slot<Tensor>()

    /// Creates the loss.
    public init(weight: Tensor? = nil, positiveWeight: Tensor? = nil, reduction: Reduction = .mean) throws {
        super.init(reduction: reduction)
        try registerBuffer("weight", weight, in: weightSlot)
        try registerBuffer("pos_weight", positiveWeight, in: positiveWeightSlot)
    }

    override func loss(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        try input.bceWithLogits(
            target,
            weight: weightSlot.value,
            positiveWeight: positiveWeightSlot.value,
            reduction: reduction
        )
    }

    public override var typeName: String { "BCEWithLogitsLoss" }
    public override func emptyCopy() throws -> Module { try BCEWithLogitsLoss(reduction: reduction) }
}
