/// The limits that a request can run into, by the name of their field in `ServingLimits`.
package enum LimitName: String, Sendable {
    case modules = "maxModules"
    case bytes = "maxBytes"
    case parameterBytes = "maxParameterBytes"
    case treeDepth = "maxTreeDepth"
    case treeModules = "maxTreeModules"
    case graphNodes = "maxGraphNodes"
    case callNodes = "maxCallNodes"
    case hooks = "maxHooks"
    case hooksPerCall = "maxHooksPerCall"
    case hookBytes = "maxHookBytes"
    case listeners = "maxListeners"

    /// Returns the text for people about a request that goes beyond.
    package func message(limit: Int, requested: Int?) -> String {
        "the limit \(rawValue) is \(limit)" + (requested.map { ", this needs \($0)" } ?? "")
    }
}

/// How large a tree may be that a description asks for.
package struct DescriptionLimits: Sendable {
    package var maxBytes: Int
    package var maxParameterBytes: Int
    package var maxTreeDepth: Int
    package var maxTreeModules: Int

    package init(maxBytes: Int, maxParameterBytes: Int, maxTreeDepth: Int, maxTreeModules: Int) {
        self.maxBytes = maxBytes
        self.maxParameterBytes = maxParameterBytes
        self.maxTreeDepth = maxTreeDepth
        self.maxTreeModules = maxTreeModules
    }
}
