import HashTreeCollections
import JSON
import Models
import NN
import Store
import Tensors

/// Writes what a change has made as steps of the store: of each new version what differs from the one before.
struct ChangeWriter {
    /// The key of the part that holds a module's description.
    static let descriptionKey = "description"
    /// The name of the record of the global hooks, which no module can have.
    static let globalHooksName = ""

    let written: WrittenTensors?
    /// Where versions stand whose tensors are not in memory.
    let store: (any RegistryStore)?

    /// Returns the steps that lead to what `journal` says.
    func change(_ journal: RegistryState.Journal) throws -> StoreChange {
        var steps: [StoreStep] = []
        for made in journal.made { steps.append(try put(made.moduleVersion, after: made.base)) }
        for version in journal.unlisted {
            guard let header = try unlistedRecord(of: version)?.bytes else { continue }
            steps.append(.setHeader(name: version.name, version: version.version, header: header))
        }
        for version in journal.dropped { steps.append(.drop(name: version.name, version: version.version)) }
        if let hooks = journal.globalHooks { steps += global(hooks, journal) }
        return StoreChange(steps)
    }

    /// Returns the steps that lead from nothing to all that `state` holds in memory.
    func everything(in state: RegistryState) throws -> [StoreStep] {
        let listed = state.entries.values.flatMap(\.versions).compactMap(\.moduleVersion)
        var steps = try listed.map { try put($0, after: nil) }
        steps += try state.unlisted.values.compactMap(\.moduleVersion).map { try put($0, after: nil, isListed: false) }
        guard let version = state.globalHooksVersion else { return steps }
        var journal = RegistryState.Journal(revision: version)
        journal.globalHooks = state.globalHooks.map(\.record)
        return steps + global(journal.globalHooks ?? [], journal)
    }

    private func put(_ new: ModuleVersion, after base: ModuleVersion?, isListed: Bool = true) throws -> StoreStep {
        let (tensors, old) = (new.ownTensors, base?.ownTensors ?? [:])
        var parts: [String: StorePart?] = [:]
        for (key, tensor) in tensors where old[key]?.isSame(as: tensor) != true {
            parts[Self.key(ofTensor: key)] = .some(part(tensor))
        }
        for key in old.keys where tensors[key] == nil { parts[Self.key(ofTensor: key)] = .some(nil) }
        // Which tensors there are, and under which names, is all of a description that can change from version to version.
        if base == nil || Set(tensors.keys) != Set(old.keys) || base?.ties != new.ties {
            let bytes = try new.storedDescription
            parts[Self.descriptionKey] = .some(StorePart(bytes, isFile: bytes.count > StorePart.rowLimit))
        }
        let kept = Set(base?.installedHooks.map(\.id) ?? [])
        for hook in new.installedHooks where !kept.contains(hook.id) { addTensors(of: hook, to: &parts) }
        let left = Set(new.installedHooks.map(\.id))
        for hook in base?.installedHooks ?? [] where !left.contains(hook.id) {
            for name in hook.description.action.tensors.keys { parts[Self.key(of: name, ofHook: hook.id)] = .some(nil) }
        }
        return .put(
            name: new.name,
            version: new.version,
            header: Self.record(of: new, isListed: isListed).bytes,
            parts: parts,
            replacesAll: base == nil
        )
    }

    private func global(_ hooks: [HookRecord], _ journal: RegistryState.Journal) -> [StoreStep] {
        var writer = JSONWriter()
        HookRecordCodec.write(hooks.map(\.kept), to: &writer)
        var parts: [String: StorePart?] = [:]
        for hook in hooks { addTensors(of: hook, to: &parts) }
        let put = StoreStep.put(
            name: Self.globalHooksName,
            version: journal.revision,
            header: writer.finish(),
            parts: parts,
            replacesAll: true
        )
        let old = journal.globalHooksVersion.map { StoreStep.drop(name: Self.globalHooksName, version: $0) }
        return [put] + (old.map { [$0] } ?? [])
    }

    private func addTensors(of hook: HookRecord, to parts: inout [String: StorePart?]) {
        for (name, tensor) in hook.description.action.tensors {
            parts[Self.key(of: name, ofHook: hook.id)] = .some(part(tensor))
        }
    }

    private func part(_ tensor: Tensor) -> StorePart {
        written?.part(tensor) ?? StorePart(TensorPart(tensor), isFile: TensorPart.isFile(tensor))
    }

    static func key(ofTensor key: String) -> String { "tensor/\(key)" }

    static func key(of field: String, ofHook id: Int) -> String { "hook/\(id)/\(field)" }

    /// Returns what is written of a version that can be called no longer; `nil` if it cannot be read.
    private func unlistedRecord(of version: HeldVersion) throws -> ModuleRecord? {
        guard case .cold(let cold) = version else {
            return version.moduleVersion.map { Self.record(of: $0, isListed: false) }
        }
        do throws(StoreError) {
            let header = try store?.parts(of: cold.name, version: cold.version).header
            var record = try? header.map { try ModuleRecord(parsing: $0) }
            record?.isListed = false
            return record
        } catch {
            guard case .damaged = error else { throw ServingError(error) }
            return nil
        }
    }

    private static func record(of moduleVersion: ModuleVersion, isListed: Bool) -> ModuleRecord {
        ModuleRecord(
            type: moduleVersion.typeName,
            references: moduleVersion.references.mapValues(\.version),
            hooks: moduleVersion.installedHooks.map(\.kept),
            isListed: isListed
        )
    }
}

extension HookRecord {
    fileprivate var kept: ModuleRecord.Hook { ModuleRecord.Hook(id: id, description: description) }
}

extension ModuleVersion {
    /// The module as a client would describe it, but for the elements of its tensors.
    fileprivate var storedDescription: [UInt8] {
        get throws {
            var writer = JSONWriter(capacity: 256)
            writer.beginObject()
            try writeDescription(writesReferences: true, to: &writer)
            writer.endObject()
            return writer.finish()
        }
    }

    /// The module's own parameters and buffers that are there, shared ones once, by their keys.
    var ownTensors: [String: Tensor] {
        let others = references.values.flatMap { $0.root.modules() }
        let own = frozen.ownTensors(without: Set(others.map(ObjectIdentifier.init)))
        return Dictionary(own.map { ($0.key, $0.tensor) }) { first, _ in first }
    }
}

extension FrozenModule {
    /// The parameters and buffers of the tree that are there, shared ones once.
    var ownTensors: [(key: String, tensor: Tensor)] { ownTensors(without: []) }

    fileprivate func ownTensors(without others: Set<ObjectIdentifier>) -> [(key: String, tensor: Tensor)] {
        var seen: Set<ObjectIdentifier> = []
        var found: [(key: String, tensor: Tensor)] = []
        for (path, module) in module.namedModules() where !others.contains(ObjectIdentifier(module)) {
            for (name, parameter) in module.parameterTable {
                guard let parameter, seen.insert(ObjectIdentifier(parameter)).inserted else { continue }
                found.append((Place.join(path, name), parameter.tensor.detached()))
            }
            for (name, buffer) in module.bufferTable {
                if let buffer { found.append((Place.join(path, name), buffer)) }
            }
        }
        return found
    }
}
