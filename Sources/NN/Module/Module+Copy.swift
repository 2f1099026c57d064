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
        var copier = Copier(modules: replacements)
        return try copier.copy(self)
    }
}

/// Copies a tree and remembers what it has copied, so that sharing survives.
private struct Copier {
    var modules: [ObjectIdentifier: Module]
    private var parameters: [ObjectIdentifier: Parameter] = [:]

    init(modules: [ObjectIdentifier: Module]) {
        self.modules = modules
    }

    mutating func copy(_ module: Module) throws -> Module {
        if let known = modules[ObjectIdentifier(module)] { return known }
        let copy = try module.emptyCopy()
        modules[ObjectIdentifier(module)] = copy
        copy.isTraining = module.isTraining
        copy.ownHooks.change { $0 = module.ownHooks.current }
        for (name, parameter) in module.parameterTable {
            try copy.registerParameter(name, parameter.map { self.copy($0) })
        }
        for (name, buffer) in module.bufferTable {
            try copy.registerBuffer(name, buffer, isPersistent: !module.transientBuffers.contains(name))
        }
        for (name, child) in module.childTable {
            try copy.registerChild(name, child.map { try self.copy($0) })
        }
        return copy
    }

    private mutating func copy(_ parameter: Parameter) -> Parameter {
        if let known = parameters[ObjectIdentifier(parameter)] { return known }
        let copy = Parameter(copying: parameter)
        parameters[ObjectIdentifier(parameter)] = copy
        return copy
    }
}
