import OrderedCollections

extension Module {
    /// Returns a deep copy of the tree: new modules and parameters over the same tensors, with the same hooks.
    ///
    /// What was shared inside the tree is shared inside the copy. Gradients are left behind.
    /// - Throws: `ModuleError.cannotCopy` when a module of the tree does not override `emptyCopy()`.
    public final func copied() throws -> Module {
        try copied(replacing: [:])
    }

    /// Returns a copy of the tree in which each module that `replacements` names stands for the one with that identity,
    /// as it is.
    ///
    /// A module that is to be shared with the copy replaces itself.
    public final func copied(replacing replacements: [ObjectIdentifier: Module]) throws -> Module {
        var copier = Copier(replacements, changing: .everything)
        return try copier.tree(of: self)
    }

    /// Returns a copy of the tree for a change of a part of it.
    ///
    /// The part is copied, and so is whatever holds it or a module that is replaced. The rest stands in both trees, where nobody
    /// may change it.
    /// A parameter that stands in several modules stays one only if all of them are copied.
    public final func copied(
        changing part: ChangingPart,
        replacing replacements: [ObjectIdentifier: Module]
    ) throws -> PartialCopy {
        var copier = Copier(replacements, changing: part)
        let root = try copier.tree(of: self)
        return PartialCopy(root: root, copies: copier.copies)
    }

    /// Returns a copy of the tree for a change of the module at `path`.
    ///
    /// The module is copied with all below it but for `others`, and so is what holds it. The rest stands in both trees, where
    /// nobody may change it, and is not looked at: what is copied may stand nowhere else in the tree.
    /// - Throws: `ModuleError.noChild` when nothing is there.
    package final func copied(changingAt path: String, sharing others: [Module]) throws -> PartialCopy {
        let known = others.map { (ObjectIdentifier($0), $0) }
        var copier = Copier(Dictionary(known) { first, _ in first }, changing: .everything)
        let names = path.isEmpty ? [] : path.split(separator: ".", omittingEmptySubsequences: false)
        let root = try copier.copy(self, at: names[...])
        return PartialCopy(root: root, copies: copier.copies)
    }
}

/// What of a tree a change is about.
public enum ChangingPart {
    case everything
    /// A module, with all below it.
    case below(Module)
    case nothing
}

/// A copy of a tree that shares with its original what did not change.
public struct PartialCopy {
    /// The root, the original's own if nothing changes.
    public let root: Module
    /// The modules that were copied, each with its copy.
    public let copies: [(original: Module, copy: Module)]
}

/// Copies a tree and remembers what it has copied, so that sharing survives.
private struct Copier {
    /// What stands for modules that were seen: their copies, their replacements or themselves.
    private var known: [ObjectIdentifier: Module]
    private var parameters: [ObjectIdentifier: Parameter] = [:]
    private var changing: ChangingPart
    private(set) var copies: [(original: Module, copy: Module)] = []

    init(_ replacements: [ObjectIdentifier: Module], changing: ChangingPart) {
        known = replacements
        self.changing = changing
    }

    mutating func tree(of root: Module) throws -> Module {
        let hasReplacements = !known.isEmpty
        let copy = try copy(root)
        // What replaces a module may be deeper than it.
        guard !hasReplacements || copy.height <= Module.maximumDepth else {
            throw ModuleError.treeTooDeep(limit: Module.maximumDepth)
        }
        return copy
    }

    /// Copies the module at `path` below `module`, and all on the way to it.
    mutating func copy(_ module: Module, at path: ArraySlice<Substring>) throws -> Module {
        guard let name = path.first.map(String.init) else { return try copy(module) }
        guard let index = module.childSlots.keys.firstIndex(of: name), let child = module.childSlots.values[index].value
        else { throw ModuleError.noChild(name: name) }
        return try copy(module, replacing: [(index, copy(child, at: path.dropFirst()))])
    }

    private mutating func copy(_ module: Module) throws -> Module {
        if let known = known[ObjectIdentifier(module)] { return known }
        let isChanged = isChanging(module)
        guard isChanged || !module.childSlots.isEmpty else { return module }
        // All below what changes is copied: a class may change the modules inside it.
        let outer = changing
        if isChanged { changing = .everything }
        defer { changing = outer }
        var others: [(index: Int, child: Module)] = []
        for (index, slot) in module.childSlots.values.enumerated() {
            guard let child = slot.value else { continue }
            let copy = try copy(child)
            if copy !== child { others.append((index, copy)) }
        }
        let result = isChanged || !others.isEmpty ? try copy(module, replacing: others) : module
        known[ObjectIdentifier(module)] = result
        return result
    }

    private func isChanging(_ module: Module) -> Bool {
        switch changing {
        case .everything: true
        case .below(let part): module === part
        case .nothing: false
        }
    }

    private mutating func copy(_ module: Module, replacing others: [(index: Int, child: Module)]) throws -> Module {
        let copy = try module.emptyCopy()
        copy.isTraining = module.isTraining
        copy.ownHooks.change { $0 = module.ownHooks.current }
        for (name, parameter) in module.parameterTable {
            try copy.registerParameter(name, parameter.map { self.copy($0) })
        }
        for (name, buffer) in module.bufferTable {
            try copy.registerBuffer(name, buffer, isPersistent: !module.transientBuffers.contains(name))
        }
        copy.registerChildren(of: module, replacing: others)
        copies.append((module, copy))
        return copy
    }

    private mutating func copy(_ parameter: Parameter) -> Parameter {
        if let known = parameters[ObjectIdentifier(parameter)] { return known }
        let copy = Parameter(copying: parameter)
        parameters[ObjectIdentifier(parameter)] = copy
        return copy
    }
}
