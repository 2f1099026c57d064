import OrderedCollections
import Tensors

/// What loading a state dictionary would do, and what stands in its way, found in one walk over the tree.
struct LoadingPlan {
    private let type: String
    private var moves: [(entry: StateEntry, tensor: Tensor)] = []
    private var keys = IncompatibleKeys()
    private var mismatches: [LoadingProblem] = []

    /// A key of the dictionary, and what is left of it at the module that is being visited.
    private struct Key {
        let full: String
        let rest: Substring
    }

    init(of state: OrderedDictionary<String, Tensor>, into module: Module) {
        type = module.typeName
        visit(module, prefix: "", keys: state.keys.map { Key(full: $0, rest: $0[...]) }, state: state)
    }

    private mutating func visit(
        _ module: Module,
        prefix: String,
        keys: [Key],
        state: OrderedDictionary<String, Tensor>
    ) {
        let entries = module.ownState
        for (name, entry) in entries {
            if let tensor = state[prefix + name] {
                plan(entry, from: tensor, name: prefix + name)
            } else if !module.laterBuffers.contains(name) {
                self.keys.missingKeys.append(prefix + name)
            }
        }
        let below = sort(keys, entries: Set(entries.map(\.name)), children: module.childSlots.keys)
        for case (let name, let child?) in module.childTable {
            visit(child, prefix: "\(prefix)\(name).", keys: below[name, default: []], state: state)
        }
    }

    /// Returns the keys that lead to children, by child, and notes those that lead nowhere.
    private mutating func sort(
        _ keys: [Key],
        entries: Set<String>,
        children: OrderedSet<String>
    ) -> [String: [Key]] {
        var below: [String: [Key]] = [:]
        for key in keys {
            if let dot = key.rest.utf8.firstIndex(of: UInt8(ascii: ".")) {
                let name = String(key.rest[..<dot])
                let rest = key.rest[key.rest.utf8.index(after: dot)...]
                below[name, default: []].append(Key(full: key.full, rest: rest))
                if !children.contains(name) { self.keys.unexpectedKeys.append(key.full) }
            } else if !entries.contains(String(key.rest)) {
                self.keys.unexpectedKeys.append(key.full)
            }
        }
        return below
    }

    private mutating func plan(_ entry: StateEntry, from tensor: Tensor, name: String) {
        let (given, expected) = (tensor.shape, entry.tensor.shape)
        // PyTorch takes a list of one number for a scalar, as old versions wrote it.
        if given == [1], expected == [], let scalar = Self.scalar(of: tensor) {
            moves.append((entry, scalar))
        } else if given == expected {
            moves.append((entry, tensor))
        } else {
            mismatches.append(.sizeMismatch(name: name, given: Array(given), expected: Array(expected)))
        }
    }

    private static func scalar(of tensor: Tensor) -> Tensor? {
        tensor.withUnsafeBytes { try? Tensor(bytes: $0, dtype: tensor.dtype, shape: []) }
    }

    /// Loads what fits.
    func carryOut() throws(TensorError) {
        for (entry, tensor) in moves { try entry.load(tensor) }
    }

    func result(strict: Bool) throws(ModuleError) -> IncompatibleKeys {
        var problems = mismatches
        if strict {
            if !keys.unexpectedKeys.isEmpty { problems.insert(.unexpected(keys.unexpectedKeys), at: 0) }
            if !keys.missingKeys.isEmpty { problems.insert(.missing(keys.missingKeys), at: 0) }
        }
        guard problems.isEmpty else { throw .loading(type: type, problems) }
        return keys
    }
}
