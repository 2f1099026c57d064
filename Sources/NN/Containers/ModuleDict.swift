import OrderedCollections

/// Modules under names that another module calls as it likes; by itself it cannot be called.
public final class ModuleDict: Module {
    /// Creates a dictionary of modules in the given order.
    /// - Throws: `ModuleError` when a name is taken twice or impossible, or the tree would grow too deep.
    public init(_ modules: [(name: String, module: Module)] = []) throws {
        super.init()
        for (name, module) in modules {
            guard childSlots[name] == nil else { throw ModuleError.nameTaken(name) }
            try registerChild(name, module)
        }
    }

    /// The number of modules.
    public var count: Int { childSlots.count }

    /// The names in order.
    public var names: [String] { Array(childSlots.keys) }

    /// Accesses the module under `name`; `nil` if there is none.
    public subscript(name: String) -> Module? { childSlots[name]?.value }

    /// Puts `module` under `name`, at the end unless the name is there already.
    public func set(_ name: String, to module: Module) throws(ModuleError) {
        try registerChild(name, module)
    }

    /// Removes and returns the module under `name`; `nil` if there is none.
    @discardableResult
    public func remove(_ name: String) -> Module? {
        let removed = childSlots.remove(name)?.value
        removed?.place.isReleased(by: place)
        return removed
    }

    public override var typeName: String { "ModuleDict" }

    public override var attributeNames: Set<String> { ["clear", "items", "keys", "pop", "update", "values"] }

    public override func emptyCopy() throws -> Module { try ModuleDict() }
}

extension ModuleType {
    static let moduleDict = ModuleType("ModuleDict", children: .names) { _, _, _ in try ModuleDict() }
}
