/// A way in which a graph cannot run, found before it does, and where: in which node, and in which of its arguments.
public struct GraphProblem: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Fault: Equatable, Sendable {
        case invalidName(String)
        case repeatedName(String)
        case noOutput
        case outputNotLast
        case lateOrUnknownNode(String)
        case outputAsArgument(String)
        case unknownModule(String)
        case unknownAttribute(String)
        case unknownFunction(String)
        case missingArguments(function: String, [String])
        case tooManyArguments(function: String, taken: Int, given: Int)
        case unexpectedArgument(function: String, String)
        case repeatedArgument(function: String, String)
        case placeholderWithoutDefault(String)
        case placeholderAfterCall
        case outputOfNoTensor(String)
        case tooDeep(limit: Int)
        case tooManyNodes(limit: Int)
    }

    /// What is wrong.
    public var fault: Fault
    /// The node's position in the graph; `nil` for the graph as a whole.
    public var node: Int?
    /// The way to the offending value from the node, as components of a JSON pointer: `args/0`.
    public var path: [String]

    /// Creates a problem.
    public init(_ fault: Fault, node: Int? = nil, path: [String] = []) {
        self.fault = fault
        self.node = node
        self.path = path
    }

    /// The text for people.
    public var message: String {
        switch fault {
        case .invalidName(let name):
            "'\(name)' is not a valid node name: a letter or '_', then letters, digits and '_'"
        case .repeatedName(let name): "two nodes have the name '\(name)'"
        case .noOutput: "a graph needs an output node at its end"
        case .outputNotLast: "the output node must be the last one, and the only one"
        case .lateOrUnknownNode(let name): "no node before this one has the name '\(name)'"
        case .outputAsArgument(let name): "'\(name)' is the output and gives nothing"
        case .unknownModule(let path): "there is no module at '\(path)'"
        case .unknownAttribute(let path): "there is no parameter or buffer at '\(path)'"
        case .unknownFunction(let name): "unknown function '\(name)'"
        case .missingArguments(let function, let names):
            "\(function)() missing \(names.count) required positional argument\(names.count == 1 ? "" : "s"): "
                + pythonList(names)
        case .tooManyArguments(let function, let taken, let given):
            "\(function)() takes \(taken) positional argument\(taken == 1 ? "" : "s") but \(given) were given"
        case .unexpectedArgument(let function, let name):
            "\(function)() got an unexpected keyword argument '\(name)'"
        case .repeatedArgument(let function, let name):
            "\(function)() got multiple values for argument '\(name)'"
        case .placeholderWithoutDefault(let name): "'\(name)' has no default and follows an input that has one"
        case .placeholderAfterCall: "the inputs must come before all other nodes"
        case .outputOfNoTensor(let type): "the output gives a \(type); it gives tensors, and containers of them"
        case .tooDeep(let limit): "values are nested more than \(limit) deep"
        case .tooManyNodes(let limit): "the graph has more than \(limit) nodes"
        }
    }
}

/// Names as Python's errors enumerate them: `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`.
func pythonList(_ names: [String]) -> String {
    let quoted = names.map { "'\($0)'" }
    guard let last = quoted.last, quoted.count > 1 else { return quoted.joined() }
    return quoted.dropLast().joined(separator: ", ") + (quoted.count > 2 ? ", and " : " and ") + last
}
