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
    package let ties: OrderedDictionary<String, String>
}
