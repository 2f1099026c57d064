import OrderedCollections

/// A module whose children stand in a row and are named by their numbers.
public protocol ModuleSequence: Module {
    /// Puts `module` before the child at `index`, and numbers all that follow anew.
    func insert(_ module: Module, at index: Int) throws(ModuleError)
}

extension ModuleSequence {
    /// The number of children.
    public var count: Int { childSlots.count }

    /// The children in order.
    public var elements: [Module] { childSlots.values.compactMap(\.value) }

    /// Returns the child at `index`; negative ones count from the end.
    /// - Throws: `ModuleError.indexOutOfRange`.
    public func element(at index: Int) throws(ModuleError) -> Module {
        let name = try name(at: index)
        guard let module = childSlots[name]?.value else { throw ModuleError.emptySlot(name: name) }
        return module
    }

    /// Puts `module` in the place of the child at `index`, under that child's name.
    public func replace(at index: Int, with module: Module) throws(ModuleError) {
        try registerChild(name(at: index), module)
    }

    /// Adds `module` after the others.
    public func append(_ module: Module) throws(ModuleError) {
        try registerChild("\(count)", module)
    }

    /// Puts `module` before the child at `index`, and numbers all that follow anew.
    /// - Throws: `ModuleError.insertionOutOfRange`.
    public func insert(_ module: Module, at index: Int) throws(ModuleError) {
        guard (-count...count).contains(index) else { throw .insertionOutOfRange(index) }
        try insertRenumbering(module, at: index < 0 ? index + count : index)
    }

    /// Puts `module` before the child at `index`, which is at most the count.
    func insertRenumbering(_ module: Module, at index: Int) throws(ModuleError) {
        try adopt(module)
        var modules = childSlots.values.map(\.value)
        modules.insert(module, at: index)
        renumber(modules)
    }

    /// Removes the child at `index` and numbers all that follow anew.
    @discardableResult
    public func remove(at index: Int) throws(ModuleError) -> Module {
        let removed = try element(at: index)
        removed.place.isReleased(by: place)
        var modules = childSlots.values.map(\.value)
        modules.remove(at: index < 0 ? index + count : index)
        renumber(modules)
        return removed
    }

    private func renumber(_ modules: [Module?]) {
        childSlots = ChildTable()
        for (index, module) in modules.enumerated() {
            let slot = Slot<Module>()
            slot.value = module
            slot.name = "\(index)"
            childSlots.set(slot.name, to: slot)
        }
    }

    private func name(at index: Int) throws(ModuleError) -> String {
        guard (-count..<count).contains(index) else { throw .indexOutOfRange(index) }
        return childSlots.keys[index < 0 ? index + count : index]
    }
}
