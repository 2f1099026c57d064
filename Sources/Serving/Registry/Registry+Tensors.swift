import Models
import NN
package import OrderedCollections
import Synchronization
package import Tensors

/// What loading a state dictionary has done.
package struct StateDictLoad: Sendable {
    /// The new version.
    package let publication: Publication
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
    ) async throws -> Publication {
        try await change {
            let publication = try self.current(name, when: precondition)
            let (place, plan) = try publication.slot(key)
            try place.check(tensor, for: plan, key: key)
            var revision = Revision(over: self.currentPublications())
            try revision.open([place.owner.name])
            guard let root = revision.root(of: place.owner.name), let module = root.submodule(at: place.ownerPath)
            else {
                throw ServingError.unknownParameter(module: name, key: key)
            }
            try module.set(plan.name, to: tensor?.detached())
            return try self.publish(revision, name)
        }
    }

    /// Loads tensors by their keys, converting types, all or nothing.
    package func loadStateDict(
        _ entries: OrderedDictionary<String, Tensor>,
        into name: String,
        strict: Bool = true,
        when precondition: Precondition = .always
    ) async throws -> StateDictLoad {
        try await change {
            let publication = try self.current(name, when: precondition)
            let keys = try publication.check(entries, strict: strict)
            let owners = entries.keys.compactMap { try? publication.slot($0).place.owner.name }
            var revision = Revision(over: self.currentPublications())
            try revision.open(Set(owners + [name]))
            try revision.root(of: name)?.loadStateDict(entries, strict: false)
            return StateDictLoad(
                publication: try self.publish(revision, name),
                missingKeys: keys.missingKeys,
                unexpectedKeys: keys.unexpectedKeys
            )
        }
    }

    /// Returns the current version of `name` if `precondition` holds; for use within a change.
    func current(_ name: String, when precondition: Precondition) throws(ServingError) -> Publication {
        let publication = state.withLock { $0.entries[name]?.current }
        try precondition.check(name, current: publication?.version)
        guard let publication else { throw .unknownModule(name) }
        return publication
    }
}

extension Publication {
    fileprivate func check(
        _ entries: OrderedDictionary<String, Tensor>,
        strict: Bool
    ) throws(ServingError) -> IncompatibleKeys {
        do throws(ModuleError) {
            return try root.checkStateDict(entries, strict: strict)
        } catch {
            throw .stateDictMismatch(error.message())
        }
    }
}

extension Revision {
    /// Loads the tensors of a description into the draft of `name`, strictly.
    func load(_ entries: OrderedDictionary<String, Tensor>?, into name: String) throws {
        guard let entries, let root = root(of: name) else { return }
        do {
            try root.loadStateDict(entries)
        } catch let error as ModuleError {
            throw ServingError.stateDictMismatch(error.message())
        }
    }
}

extension Place {
    /// Refuses a value that the slot `plan` cannot take.
    fileprivate func check(_ tensor: Tensor?, for plan: TensorPlan, key: String) throws(ServingError) {
        guard let tensor else {
            guard plan.name == "bias" else { throw .noNone(key: key) }
            return
        }
        guard Array(tensor.shape) == plan.sizes else {
            throw .sizeMismatch(key: key, expected: plan.sizes, got: Array(tensor.shape))
        }
        let dtype = layer.dtype(of: plan)
        guard tensor.dtype == dtype else {
            throw .dtypeMismatch(key: key, expected: dtype.rawValue, got: tensor.dtype.rawValue)
        }
    }
}

extension Module {
    /// Puts `tensor` into the parameter or buffer `name` of a module that nobody else sees yet.
    fileprivate func set(_ name: String, to tensor: Tensor?) throws {
        let isBuffer = bufferTable.contains { $0.name == name }
        if isBuffer {
            try registerBuffer(name, tensor)
        } else if let tensor, let parameter = parameterTable.first(where: { $0.name == name })?.value {
            // The one parameter, under whatever names it stands.
            parameter.tensor = tensor
        } else {
            try registerParameter(name, tensor.map { try Parameter($0) })
        }
    }
}
