import NN

/// What is wrong with a hook's description, and where.
package struct HookProblem: Error, Equatable {
    /// The ways in which a hook can be wrong.
    package enum Fault: Equatable {
        case unknownActivation(String)
        case activation(DescriptionProblem)
        case emptyRange(min: Double, max: Double)
        case noBound
        case negativeCount(Int)
        case alwaysCallNeedsForward
        case backwardInPlainCall(HookKind)
        case notForGlobalHooks(String)
        case shape([Int])
        case notAVector(shape: [Int])
        case noDirection
        case step(Int)
        case unknownPath(String)
        case unknownNode(String)
        case noGraph(type: String)
        case notOnNodes(HookKind)
        case alwaysCallOnNode
    }

    /// What is wrong.
    package var fault: Fault
    /// The components of the JSON pointer to the offending value, from the hook's description.
    package var pointer: [String]
    /// The hook's place in the request, for hooks of one call.
    package var index: Int?

    package init(_ fault: Fault, at pointer: [String], index: Int? = nil) {
        self.fault = fault
        self.pointer = pointer
        self.index = index
    }

    /// The text for people.
    package var message: String {
        switch fault {
        case .unknownActivation(let name):
            "unknown activation '\(name)'; known are \(ModuleType.parameterless.map(\.name).joined(separator: ", "))"
        case .activation(let problem): problem.message
        case .emptyRange(let min, let max): "min \(min) is greater than max \(max)"
        case .noBound: "at least one of 'min' or 'max' must not be None"
        case .negativeCount(let k): "k must not be negative, got \(k)"
        case .alwaysCallNeedsForward: "always_call is for forward hooks only"
        case .backwardInPlainCall(let kind): "a \(kind.rawValue) hook never runs in a call that does not go backward"
        case .notForGlobalHooks(let name): "a global hook takes no '\(name)'"
        case .shape(let shape): "a shape has sizes, or -1 for any; got \(shape)"
        case .notAVector(let shape): "a direction is a vector, one number for each feature; got the shape \(shape)"
        case .noDirection: "a direction that is zero, or not finite, cannot be taken out"
        case .step(let step): step == 0 ? "slice step cannot be zero" : "step must be greater than zero"
        case .unknownPath(let path): "there is no module at '\(path)'"
        case .unknownNode(let name): "the graph of the module has no node '\(name)' with a value"
        case .noGraph(let type): "'\(type)' has no nodes: only a GraphModule has"
        case .notOnNodes(let kind):
            "a \(kind.rawValue) hook is for modules; on a node there are forward and full_backward hooks"
        case .alwaysCallOnNode: "always_call is for hooks on modules"
        }
    }
}
