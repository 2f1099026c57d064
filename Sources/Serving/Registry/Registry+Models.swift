package import Models
import OrderedCollections
package import Safetensors
import Tensors

/// Modules that come as files.
extension Registry {
    /// Creates or replaces a module from what a safetensors file holds.
    ///
    /// The description is the one given, or that of the file's metadata; the state of a Linear needs none.
    /// A load that fails leaves the old module serving.
    package func load(
        _ name: String,
        safetensors contents: Safetensors.Contents,
        description: ModuleDescription?
    ) async throws -> Publication {
        let description = try ModelFile.description(
            of: name,
            in: contents,
            given: description,
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
        return try await put(description).publication
    }

    /// Creates or replaces a module from its file in a folder.
    package func loadModel(
        named name: String,
        from folder: ModelFolder
    ) async throws -> Publication {
        try ModuleName.check(name)
        let description = try ModelFile.description(
            of: name,
            in: folder,
            maxBytes: limits.maxBytes,
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
        return try await put(description).publication
    }
}

extension Registry {
    /// Serves a module as its file in a folder has it.
    ///
    /// What is there already as the file has it stays; where only tensors differ the next version gets them and keeps its
    /// hooks; all else is replaced.
    package func adoptModel(named name: String, from folder: ModelFolder) async throws -> Publication {
        try ModuleName.check(name)
        let description = try ModelFile.description(
            of: name,
            in: folder,
            maxBytes: limits.maxBytes,
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
        guard let current = try? publication(name), try current.isDescribed(by: description, limits) else {
            return try await put(description).publication
        }
        guard let source = description.stateDict else { return current }
        let state = current.stateDict
        let entries = try source.entries(for: state, ties: current.ties)
        let isSame =
            try entries.count == state.count
            && entries.allSatisfy { key, tensor in
                guard let known = state[key] else { return false }
                return try tensor.converted(to: known.dtype).hasSameBits(as: known)
            }
        return isSame ? current : try await loadStateDict(entries, into: name).publication
    }
}

extension Publication {
    /// Whether `description` describes this module, but for its tensors.
    fileprivate func isDescribed(
        by description: ModuleDescription,
        _ limits: ServingLimits
    ) throws(ServingError) -> Bool {
        var checker = DescriptionChecker(limits: limits.descriptions, hasStateDict: description.stateDict != nil)
        let layer: CheckedLayer
        do throws(DescriptionProblem) {
            layer = try checker.check(root: description.root)
        } catch { throw ServingError(error) }
        return plan.root.describesSame(as: layer) && plan.isTraining == description.training
            && plan.compatibility == description.compatibility && plan.inputName == description.inputName
            && plan.outputName == description.outputName
            && Dictionary(uniqueKeysWithValues: plan.ties.elements.map { ($0.key, $0.value) })
                == Dictionary(uniqueKeysWithValues: description.tied.elements.map { ($0.key, $0.value) })
    }
}
