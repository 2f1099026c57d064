import NN
package import OrderedCollections
package import Tensors

/// A tree that was built from a description and waits for its references.
///
/// Unchecked: it passes from the thread that built it to the one that publishes it, and neither looks back.
package struct BuiltTree: @unchecked Sendable {
    package let plan: ModulePlan
    package let tree: FrozenModule
    package let references: [String: Reference]
    /// The tensors to load, by the keys of the tree.
    package let stateDict: OrderedDictionary<String, Tensor>?

    /// Builds a tree with the tensors that the description asks for.
    package init(_ description: ModuleDescription, _ layer: CheckedLayer) throws(DescriptionProblem) {
        let generator = description.seed.map { Generator(seed: $0) } ?? Generator()
        try self.init(description, layer, drawingFrom: generator) { ties, _ in ties }
    }

    /// Builds a tree that was written down: its tensors have their shapes and types, and their elements come from elsewhere.
    ///
    /// - Parameter hasTensor: Returns whether a tensor was written down under a key.
    package init(
        unfilled description: ModuleDescription,
        _ layer: CheckedLayer,
        hasTensor: (_ key: String) -> Bool
    ) throws(DescriptionProblem) {
        try self.init(description, layer, drawingFrom: .idle) { Ties.written($0, in: $1, hasTensor: hasTensor) }
    }

    private init(
        _ description: ModuleDescription,
        _ layer: CheckedLayer,
        drawingFrom generator: Generator,
        tied: (OrderedDictionary<String, String>, Module) -> OrderedDictionary<String, String>
    ) throws(DescriptionProblem) {
        var builder = TreeBuilder(generator, isTraining: description.training)
        let root = try description.compatibility.run { () throws(DescriptionProblem) in try builder.build(layer) }
        let ties = try Ties(tied(description.tied, root), in: root).carriedOut()
        do throws(StateProblem) {
            stateDict = try description.stateDict?.entries(for: root.stateDict(), ties: ties)
        } catch { throw DescriptionProblem(.state(error)) }
        tree = FrozenModule(root)
        references = builder.references
        plan = ModulePlan(
            root: layer,
            isTraining: description.training,
            compatibility: description.compatibility,
            inputName: description.inputName,
            outputName: description.outputName,
            ties: ties
        )
    }
}
