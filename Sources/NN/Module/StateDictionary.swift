public import OrderedCollections
public import Tensors

/// The keys that loading did not find in the dictionary, and those it found no place for.
public struct IncompatibleKeys: Sendable, Equatable, CustomStringConvertible {
    /// The module's keys that the dictionary lacks.
    public var missingKeys: [String] = []
    /// The dictionary's keys that the module lacks.
    public var unexpectedKeys: [String] = []

    /// PyTorch's text.
    public var description: String {
        guard !missingKeys.isEmpty || !unexpectedKeys.isEmpty else { return "<All keys matched successfully>" }
        return "_IncompatibleKeys(missing_keys=\(Self.list(missingKeys)), unexpected_keys=\(Self.list(unexpectedKeys)))"
    }

    private static func list(_ keys: [String]) -> String {
        "[\(keys.map { "'\($0)'" }.joined(separator: ", "))]"
    }
}

extension Module {
    /// Returns every parameter and persistent buffer of the tree by its path; shared ones stand under every path.
    public final func stateDict() -> OrderedDictionary<String, Tensor> {
        var state: OrderedDictionary<String, Tensor> = [:]
        gatherState(&state, prefix: "")
        return state
    }

    private final func gatherState(_ state: inout OrderedDictionary<String, Tensor>, prefix: String) {
        for (name, entry) in ownState { state[prefix + name] = entry.tensor.detached() }
        for case (let name, let child?) in childTable { child.gatherState(&state, prefix: "\(prefix)\(name).") }
    }

    /// Loads what fits into the tree, converting dtypes, and returns the keys on which both sides do not agree.
    /// - Throws: `ModuleError.loading` with all problems, after it has loaded all that fits, as PyTorch does: keys that
    ///   are missing or unexpected when `strict`, and sizes that differ in any case.
    @discardableResult
    public final func loadStateDict(
        _ state: OrderedDictionary<String, Tensor>,
        strict: Bool = true
    ) throws -> IncompatibleKeys {
        let plan = LoadingPlan(of: state, into: self)
        try plan.carryOut()
        return try plan.result(strict: strict)
    }

    /// Checks that `loadStateDict(_:strict:)` would succeed, and changes nothing.
    /// - Throws: `ModuleError.loading` with all problems.
    @discardableResult
    public final func checkStateDict(
        _ state: OrderedDictionary<String, Tensor>,
        strict: Bool = true
    ) throws(ModuleError) -> IncompatibleKeys {
        try LoadingPlan(of: state, into: self).result(strict: strict)
    }

    /// The module's own entries of the state dictionary: parameters, then persistent buffers, without what is `None`.
    final var ownState: [(name: String, entry: StateEntry)] {
        var entries: [(name: String, entry: StateEntry)] = []
        for (name, slot) in parameterSlots {
            if let parameter = slot.value { entries.append((name, .parameter(parameter))) }
        }
        for (name, slot) in bufferSlots where !transientBuffers.contains(name) {
            if let buffer = slot.value { entries.append((name, .buffer(slot, buffer))) }
        }
        return entries
    }
}

/// A place that a state dictionary fills, and what stands there now.
enum StateEntry {
    case parameter(Parameter)
    case buffer(Slot<Tensor>, Tensor)

    var tensor: Tensor {
        switch self {
        case .parameter(let parameter): parameter.tensor
        case .buffer(_, let tensor): tensor
        }
    }

    func load(_ tensor: Tensor) throws(TensorError) {
        let converted = try tensor.detached().converted(to: self.tensor.dtype)
        switch self {
        case .parameter(let parameter): parameter.tensor = converted
        case .buffer(let slot, _): slot.value = converted
        }
    }
}
