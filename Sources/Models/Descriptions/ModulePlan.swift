package import NN
package import OrderedCollections
package import Tensors

/// What stays of a registered module from version to version: all but tensors and hooks.
package struct ModulePlan: Sendable {
    package let root: CheckedLayer
    package let isTraining: Bool
    package let compatibility: Compatibility
    package let inputName: String
    package let outputName: String
    /// Names of parameters that are one with an earlier one, and the first name of that.
    package private(set) var ties: OrderedDictionary<String, String>

    init(
        root: CheckedLayer,
        isTraining: Bool,
        compatibility: Compatibility,
        inputName: String,
        outputName: String,
        ties: OrderedDictionary<String, String>
    ) {
        self.root = root
        self.isTraining = isTraining
        self.compatibility = compatibility
        self.inputName = inputName
        self.outputName = outputName
        self.ties = ties
    }

    /// Returns the plan of a version whose tree is `root`: a parameter that was made None is one with no other any more.
    package func following(_ root: Module) -> ModulePlan {
        guard !ties.isEmpty else { return self }
        var plan = self
        plan.ties = Ties.left(of: ties) { root.parameter(at: $0).map(ObjectIdentifier.init) }
        return plan
    }
}
