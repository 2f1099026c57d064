import HashTreeCollections
package import Models
import OrderedCollections
package import Safetensors
import Synchronization
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
    ) async throws -> ModuleVersion {
        let description = try ModelFile.description(
            of: name,
            in: contents,
            given: description,
            maxModules: limits.maxTreeModules,
            maxNodes: limits.maxGraphNodes
        )
        return try await put(description).moduleVersion
    }

    /// Creates or replaces a module from its file in a folder.
    package func loadModel(
        named name: String,
        from folder: ModelFolder
    ) async throws -> ModuleVersion {
        try await put(description(of: name, in: folder)).moduleVersion
    }

    /// Reads what a folder has of a model, beside other builds: a disk takes its time, and an event loop does not wait for it.
    private func description(of name: String, in folder: ModelFolder) async throws -> ModuleDescription {
        try ModuleName.check(name)
        return try await build { [limits] in
            try ModelFile.description(
                of: name,
                in: folder,
                maxBytes: limits.maxBytes,
                maxModules: limits.maxTreeModules,
                maxNodes: limits.maxGraphNodes
            )
        }
    }
}

extension Registry {
    /// Serves a module as its file in a folder has it.
    ///
    /// What is there already as the file has it stays; where only tensors differ the next version gets them and keeps its
    /// hooks; all else is replaced.
    package func adoptModel(named name: String, from folder: ModelFolder) async throws {
        let description = try await description(of: name, in: folder)
        switch try await standing(of: name, beside: description) {
        case .other where isShared && state.withLock({ $0.conditionalVersion(of: name) }) == nil:
            do {
                _ = try await put(description, when: .absent)
            } catch ServingError.mustNotExist {
                // Another replica with the same folder was faster, and has put the same there.
                try await adoptModel(named: name, from: folder)
            }
        case .other: _ = try await put(description)
        case .same: break
        case .otherTensors(let entries): _ = try await loadStateDict(entries, into: name)
        }
    }

    /// How a module is to what a description says.
    private enum Standing {
        case same
        /// Only tensors differ; these are the description's.
        case otherTensors(OrderedDictionary<String, Tensor>)
        /// It is described otherwise, cannot be read, or is not there.
        case other
    }

    /// Compares a module with a description; one that is cold by the hashes of its tensors, if they can tell.
    private func standing(of name: String, beside description: ModuleDescription) async throws -> Standing {
        let cold = state.withLock { $0.entries[name]?.current.cold }
        if let cold, let store, let stored = try? await build(ofBytes: 0, { try StoredModule(cold, in: store) }) {
            guard try stored.plan.isDescribed(by: description, limits) else { return .other }
            if let comparison = try await build({ try stored.comparison(with: description.stateDict) }) {
                return comparison.isSame ? .same : .otherTensors(comparison.entries)
            }
        }
        let current: ModuleVersion
        do {
            current = try await module(name)
        } catch ServingError.unknownModule, ServingError.damagedModule { return .other }
        guard try current.plan.isDescribed(by: description, limits) else { return .other }
        guard let source = description.stateDict else { return .same }
        let state = current.stateDict
        let entries = try source.entries(for: state, ties: current.ties)
        let isSame =
            try entries.count == state.count
            && entries.allSatisfy { key, tensor in
                guard let known = state[key] else { return false }
                return try tensor.converted(to: known.dtype).hasSameBits(as: known)
            }
        return isSame ? .same : .otherTensors(entries)
    }
}

extension ModulePlan {
    /// Whether `description` describes a module of this plan, but for its tensors.
    fileprivate func isDescribed(
        by description: ModuleDescription,
        _ limits: ServingLimits
    ) throws(ServingError) -> Bool {
        var checker = DescriptionChecker(limits: limits.descriptions, hasStateDict: description.stateDict != nil)
        let layer: CheckedLayer
        do throws(DescriptionProblem) {
            layer = try checker.check(root: description.root)
        } catch { throw ServingError(error) }
        return root.describesSame(as: layer) && isTraining == description.training
            && compatibility == description.compatibility && inputName == description.inputName
            && outputName == description.outputName
            && Dictionary(uniqueKeysWithValues: ties.elements.map { ($0.key, $0.value) })
                == Dictionary(uniqueKeysWithValues: description.tied.elements.map { ($0.key, $0.value) })
    }
}
