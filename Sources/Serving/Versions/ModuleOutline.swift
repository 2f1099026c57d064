package import JSON
package import Models

/// What can be said of a version without the elements of its tensors, whether they are in memory or not.
package struct ModuleOutline: Sendable {
    /// The version; its tensors have their shapes, and their elements only if it is loaded.
    private let version: ModuleVersion

    init(of version: ModuleVersion) {
        self.version = version
    }

    package var name: String { version.name }
    /// The number of the version.
    package var number: Int { version.version }
    /// PyTorch's class name of the root.
    package var typeName: String { version.typeName }
    /// PyTorch's text for the tree.
    package var repr: String { version.repr }
    /// All parameters, shared ones once under their first key.
    package var parameters: [TensorFacts] { version.parameters }
    /// All buffers, those of shared modules once.
    package var buffers: [TensorFacts] { version.buffers }
    /// The hooks on the module and all below it, by id.
    package var hooks: [ListedHook] { version.hooks }
    /// What a call takes.
    package var inputs: [TensorSignature] { version.inputs }
    /// What a call gives.
    package var outputs: [TensorSignature] { version.outputs }
    /// Whether the first axis of an input is a batch.
    package var hasBatchAxis: Bool { version.hasBatchAxis }

    /// Returns the hook `id` on the module or below it.
    package func hook(_ id: Int) throws(ServingError) -> ListedHook { try version.hook(id) }

    /// Writes the members of a description from which the module can be made anew, but for its tensors.
    package func writeDescription(
        writesReferences: Bool,
        to writer: inout JSONWriter
    ) throws(DocumentProblem) {
        try version.writeDescription(writesReferences: writesReferences, to: &writer)
    }
}

extension ModuleVersion {
    /// What can be said without the elements of tensors.
    package var outline: ModuleOutline { ModuleOutline(of: self) }
}
