package import NN
import OrderedCollections

/// What is wrong with a description, and where.
package struct DescriptionProblem: Error, Equatable {
    /// The components of the JSON pointer to the offending value, from the description's root.
    package var pointer: [String]
    /// What is wrong.
    package var fault: Fault

    package init(_ fault: Fault, at pointer: [String] = []) {
        self.pointer = pointer
        self.fault = fault
    }

    /// The ways in which a description can be wrong.
    package enum Fault: Equatable {
        case unknownType(String)
        case unexpectedArgument(function: String, name: String)
        case missingArguments(function: String, names: [String])
        /// PyTorch's own words for an argument of a wrong type or out of range.
        case refused(String)
        case argumentType(function: String, name: String, expected: String, got: String)
        case notAContainer(type: String)
        case duplicateKey(String)
        case unexpectedKeys(type: String)
        case referenceAtRoot
        case notInSequential(type: String)
        case impossibleTensor(String)
        case tie(Ties.Fault)
        case state(StateProblem)
        case beyond(LimitName, limit: Int, requested: Int?)
    }

    /// Creates the problem of an argument of a class that declares itself.
    package init(_ problem: ArgumentProblem) {
        let fault: Fault =
            switch problem.fault {
            case .unexpected(let function, let name): .unexpectedArgument(function: function, name: name)
            case .missing(let function, let names): .missingArguments(function: function, names: names)
            case .type(let function, let name, let expected, let got):
                .argumentType(function: function, name: name, expected: expected, got: got)
            case .refused(let text): .refused(text)
            }
        self.init(fault, at: problem.path)
    }

    /// The problem seen from `components` further out.
    func inside(_ components: [String]) -> DescriptionProblem {
        DescriptionProblem(fault, at: components + pointer)
    }
}

extension DescriptionProblem {
    /// The text for people, PyTorch's own where it has one.
    package var message: String {
        switch fault {
        case .unknownType(let type):
            "unknown module type '\(type)'; known are \(ModuleType.all.keys.joined(separator: ", "))"
        case .unexpectedArgument(let function, let name):
            "\(function)() got an unexpected keyword argument '\(name)'"
        case .missingArguments(let function, let names):
            "\(function)() missing \(names.count) required positional argument\(names.count == 1 ? "" : "s"): "
                + Self.pythonList(names)
        case .refused(let text), .impossibleTensor(let text): text
        case .argumentType(let function, let name, let expected, let got):
            "\(function)(): argument '\(name)' must be \(expected), not \(got)"
        case .notAContainer(let type): "\(type) is no container and takes no modules"
        case .duplicateKey(let key): "two modules have the name '\(key)'"
        case .unexpectedKeys(let type): "the modules of a \(type) are a list and take no names"
        case .referenceAtRoot: "a reference needs a container around it"
        case .notInSequential(let type): "\(type) takes two inputs and cannot stand in a Sequential"
        case .tie(let fault): fault.message
        case .state(let problem): problem.message
        case .beyond(let name, let limit, let requested): name.message(limit: limit, requested: requested)
        }
    }

    /// Names as Python's errors enumerate them: `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`.
    private static func pythonList(_ names: [String]) -> String {
        let quoted = names.map { "'\($0)'" }
        guard let last = quoted.last, quoted.count > 1 else { return quoted.joined() }
        guard quoted.count > 2 else { return "\(quoted[0]) and \(last)" }
        return quoted.dropLast().joined(separator: ", ") + ", and " + last
    }
}
