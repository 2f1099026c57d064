import NN
import Tensors

/// A tree that was built from a description and waits for its references.
///
/// Unchecked: it passes from the thread that built it to the one that publishes it, and neither looks back.
package struct BuiltTree: @unchecked Sendable {
    package let plan: ModulePlan
    package let tree: FrozenModule
    package let references: [String: Reference]

    package init(_ description: ModuleDescription, _ layer: CheckedLayer) throws(DescriptionProblem) {
        var builder = TreeBuilder(seed: description.seed, isTraining: description.training)
        let root = try description.compatibility.run { () throws(DescriptionProblem) in try builder.build(layer) }
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
