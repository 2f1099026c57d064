import Tensors

/// What stays of a registered module from version to version: all but tensors and hooks.
struct ModulePlan: Sendable {
    let root: CheckedLayer
    let isTraining: Bool
    let compatibility: Compatibility
    let inputName: String
    let outputName: String
}
