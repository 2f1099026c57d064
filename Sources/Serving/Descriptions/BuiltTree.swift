import NN
import Tensors

/// A tree that was built from a description and waits for its references.
///
/// Unchecked: it passes from the thread that built it to the one that publishes it, and neither looks back.
struct BuiltTree: @unchecked Sendable {
    let plan: ModulePlan
    let tree: FrozenModule
    let references: [String: Reference]

    init(_ description: ModuleDescription, _ layer: CheckedLayer) throws(ServingError) {
        var builder = TreeBuilder(seed: description.seed, isTraining: description.training)
        let root = try description.compatibility.run { () throws(ServingError) in try builder.build(layer) }
        tree = FrozenModule(root)
        references = builder.references
        plan = ModulePlan(
            root: layer,
            isTraining: description.training,
            compatibility: description.compatibility,
            inputName: description.inputName,
            outputName: description.outputName
        )
    }
}
