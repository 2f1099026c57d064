import Models
import NN
import OrderedCollections
import Store
import Tensors

/// What is stored of a version of a module, with a tree that has the places of its tensors and not yet the tensors.
struct StoredTree: Sendable {
    let record: ModuleRecord
    let parts: StoredParts
    let built: BuiltTree
    /// What the module needs in memory.
    let byteCount: Int

    /// Reads what the index has of a version; its files stay for as long as `parts` are held.
    init(_ parts: StoredParts) throws {
        self.parts = parts
        let text = try parts.contents(of: ChangeWriter.descriptionKey)
        (record, built, byteCount) = try Self.making {
            let description = try DescriptionReader.description(in: text, maxModules: .max, maxNodes: .max)
            var checker = DescriptionChecker(limits: .none, hasStateDict: true)
            let layer = try checker.check(root: description.root)
            let built = try BuiltTree(unfilled: description, layer) {
                parts.hash(of: ChangeWriter.key(ofTensor: $0)) != nil
            }
            return (try ModuleRecord(parsing: parts.header), built, checker.byteCount)
        }
    }

    /// Runs `body`, and takes what it cannot do as damage, but for a shortage.
    static func making<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as TensorError {
            if case .outOfMemory = error { throw error }
            throw StoreError.damaged(reason: "it cannot be made of what is stored: \(error)")
        } catch {
            throw StoreError.damaged(reason: "it cannot be made of what is stored: \(error)")
        }
    }

    /// Returns a tree in which `references` stand.
    func module(_ references: [String: ModuleVersion]) throws -> Module {
        // Each version that is made has modules of its own.
        var replacements: [ObjectIdentifier: Module] = [:]
        for (name, standIn) in built.references {
            guard let target = references[name] else { throw ServingError.unknownModule(name) }
            replacements[ObjectIdentifier(standIn)] = target.root
        }
        return replacements.isEmpty ? built.tree.module : try built.tree.module.copied(replacing: replacements)
    }
}

extension StoredParts {
    /// Puts all tensors in the place of those that `tree` was made with.
    func fill(
        _ tree: Module,
        _ references: [String: ModuleVersion],
        reading isRead: (_ isThere: Bool, _ isPersistent: Bool) -> Bool = { _, _ in true }
    ) throws {
        let filled = try put(into: tree, since: 0, reading: isRead)
        let others = Set(references.values.flatMap { $0.root.modules() }.map(ObjectIdentifier.init))
        for module in tree.modules() where !others.contains(ObjectIdentifier(module)) {
            for (name, parameter) in module.parameterTable {
                // A bias that was made None.
                guard let parameter, !filled.contains(ObjectIdentifier(parameter)) else { continue }
                try module.registerParameter(name, nil)
            }
        }
    }

    /// Puts the tensors that came after a version in the place of those of that version.
    func update(_ tree: Module, since version: Int) throws { try put(into: tree, since: version) { _, _ in true } }

    /// Returns the parameters that have their tensors.
    @discardableResult
    private func put(
        into tree: Module,
        since version: Int,
        reading isRead: (_ isThere: Bool, _ isPersistent: Bool) -> Bool
    ) throws -> Set<ObjectIdentifier> {
        let persistent = tree.stateDict().keys
        var filled: Set<ObjectIdentifier> = []
        let prefix = ChangeWriter.key(ofTensor: "")
        for part in keys where part.hasPrefix(prefix) && since(of: part) ?? 0 > version {
            let key = String(part.dropFirst(prefix.count))
            let (path, name) = key.splitAtLastDot
            guard let module = tree.submodule(at: path) else {
                throw StoreError.damaged(reason: "there is no place for '\(key)'")
            }
            let isPersistent = persistent.contains(key)
            let isPacked = module.packedParameters.contains(name)
            if let buffer = module.bufferTable.first(where: { $0.name == name }) {
                guard isRead(buffer.value != nil, isPersistent) else { continue }
                try module.registerBuffer(name, tensor(in: part, isPacked: isPacked), isPersistent: isPersistent)
            } else if let parameter = module.parameterTable.first(where: { $0.name == name })?.value {
                filled.insert(ObjectIdentifier(parameter))
                guard isRead(true, true) else { continue }
                parameter.tensor = try tensor(in: part, isPacked: isPacked)
            } else {
                let parameter = try Parameter(tensor(in: part, isPacked: isPacked))
                try module.registerParameter(name, parameter)
                filled.insert(ObjectIdentifier(parameter))
            }
        }
        return filled
    }

    private func tensor(in part: String, isPacked: Bool) throws -> Tensor {
        guard bytes(of: part) == nil else { return try TensorPart.tensor(in: contents(of: part)) }
        return try TensorPart.tensor(in: part, of: self, isPacked: isPacked)
    }
}

extension DescriptionLimits {
    /// No limits: what is stored was admitted once.
    fileprivate static let none = DescriptionLimits(
        maxBytes: .max,
        maxParameterBytes: .max,
        maxTreeDepth: .max,
        maxTreeModules: .max
    )
}

extension String {
    /// The path of a module and the name in it.
    fileprivate var splitAtLastDot: (path: String, name: String) {
        guard let dot = lastIndex(of: ".") else { return ("", self) }
        return (String(self[..<dot]), String(self[index(after: dot)...]))
    }
}
