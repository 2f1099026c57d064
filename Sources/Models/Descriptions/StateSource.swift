package import OrderedCollections
package import Safetensors
package import Tensors

/// The tensors that come for a module, and what is said of those that do not.
package struct StateSource: Sendable {
    /// The tensors by their keys.
    package var tensors: OrderedDictionary<String, Tensor>
    /// Keys that were left out, and the keys that have their tensors.
    private var aliases: [String: String] = [:]
    /// The types of tensors that none here can have, by key.
    private var foreign: OrderedDictionary<String, String> = [:]

    /// Creates a source of tensors and nothing else.
    package init(_ tensors: OrderedDictionary<String, Tensor>) {
        self.tensors = tensors
    }

    /// Creates a source of what a file holds; its metadata name the keys that its writer left out.
    package init(_ contents: Safetensors.Contents) {
        tensors = contents.tensors
        aliases = contents.metadata
        foreign = contents.foreign
    }

    /// Returns the tensors for a module that has `state`, in which `ties` names keys of one parameter, later to earlier.
    ///
    /// A key that is missing has the tensor of the key that stands for it. A tensor that none here can be matters only
    /// where the module takes it: elsewhere its key is as unexpected as any.
    package func entries(
        for state: OrderedDictionary<String, Tensor>,
        ties: OrderedDictionary<String, String> = [:]
    ) throws(StateProblem) -> OrderedDictionary<String, Tensor> {
        var entries = tensors
        for (key, type) in foreign {
            if let expected = state[key]?.dtype { throw StateProblem(key: key, expected: expected, got: type) }
            entries[key] = Self.standIn
        }
        for key in state.keys where entries[key] == nil {
            if let other = aliases[key] ?? ties[key], let tensor = tensors[other] { entries[key] = tensor }
        }
        return entries
    }

    /// What stands under a key that no module takes.
    private static let standIn = try? Tensor.zeros([0])
}

/// A tensor of a type that no parameter or buffer can be filled from.
package struct StateProblem: Error, Equatable {
    /// Its key.
    package let key: String
    /// The type of what it should fill.
    package let expected: DType
    /// The name of its type.
    package let got: String
}

extension StateProblem {
    /// What is wrong, in words.
    package var message: String {
        "'\(key)' is of the type \(got), which nothing can be filled from; expected \(expected.rawValue)"
    }
}
