import NN
package import OrderedCollections
package import Tensors

/// What loading a state dictionary has done.
package struct StateDictLoad: Sendable {
    /// The new version.
    package let moduleVersion: ModuleVersion
    /// The module's keys that the dictionary lacks; empty when the loading was strict.
    package let missingKeys: [String]
    /// The dictionary's keys that the module lacks; empty when the loading was strict.
    package let unexpectedKeys: [String]
}

extension Registry {
    /// Sets one parameter or buffer by its key, of the module or of one that it refers to; `nil` makes a bias None.
    package func setParameter(
        _ key: String,
        of name: String,
        to tensor: Tensor?,
        when precondition: Precondition = .always
    ) async throws -> ModuleVersion {
        try await perform(.setTensor(key: key, of: name, to: tensor), when: precondition).version(of: name)
    }

    /// Loads tensors by their keys, converting types, all or nothing.
    package func loadStateDict(
        _ entries: OrderedDictionary<String, Tensor>,
        into name: String,
        strict: Bool = true,
        when precondition: Precondition = .always
    ) async throws -> StateDictLoad {
        let outcome = try await perform(.loadStateDict(entries, into: name, strict: strict), when: precondition)
        return StateDictLoad(
            moduleVersion: try outcome.version(of: name),
            missingKeys: outcome.keys?.missingKeys ?? [],
            unexpectedKeys: outcome.keys?.unexpectedKeys ?? []
        )
    }
}
