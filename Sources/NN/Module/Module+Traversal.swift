import OrderedCollections
public import Tensors

extension Module {
    /// The module's own parameters in the order of registration; a `nil` is PyTorch's `None`.
    public final var parameterTable: [(name: String, value: Parameter?)] {
        parameterSlots.map { ($0.key, $0.value.value) }
    }

    /// The module's own buffers in the order of registration.
    public final var bufferTable: [(name: String, value: Tensor?)] {
        bufferSlots.map { ($0.key, $0.value.value) }
    }

    /// The module's children in the order of registration.
    public final var childTable: [(name: String, value: Module?)] {
        zip(childSlots.keys, childSlots.values).map { ($0, $1.value) }
    }

    /// Returns this module and all below it with their paths, each object once, parents first.
    public final func namedModules() -> [(name: String, module: Module)] {
        var found: [(name: String, module: Module)] = []
        var seen: Set<ObjectIdentifier> = []
        gather(&found, seen: &seen, path: "")
        return found
    }

    private final func gather(
        _ found: inout [(name: String, module: Module)],
        seen: inout Set<ObjectIdentifier>,
        path: String
    ) {
        guard seen.insert(ObjectIdentifier(self)).inserted else { return }
        found.append((path, self))
        for case (let name, let child?) in childTable {
            child.gather(&found, seen: &seen, path: path.isEmpty ? name : "\(path).\(name)")
        }
    }

    /// Returns this module and all below it, each object once, parents first.
    public final func modules() -> [Module] {
        namedModules().map(\.module)
    }

    /// Returns the direct children with their names, each object once.
    public final func namedChildren() -> [(name: String, module: Module)] {
        var seen: Set<ObjectIdentifier> = []
        return childTable.compactMap { name, child in
            guard let child, seen.insert(ObjectIdentifier(child)).inserted else { return nil }
            return (name, child)
        }
    }

    /// Returns all parameters of the tree with their paths, each object once.
    public final func namedParameters() -> [(name: String, parameter: Parameter)] {
        var seen: Set<ObjectIdentifier> = []
        return namedModules().flatMap { path, module in
            module.parameterTable.compactMap { name, parameter in
                guard let parameter, seen.insert(ObjectIdentifier(parameter)).inserted else { return nil }
                return (path.isEmpty ? name : "\(path).\(name)", parameter)
            }
        }
    }

    /// Returns all parameters of the tree, each object once.
    public final func parameters() -> [Parameter] {
        namedParameters().map(\.parameter)
    }

    /// Returns all buffers of the tree with their paths, those of each module once.
    public final func namedBuffers() -> [(name: String, buffer: Tensor)] {
        namedModules().flatMap { path, module in
            module.bufferTable.compactMap { name, buffer in
                buffer.map { (path.isEmpty ? name : "\(path).\(name)", $0) }
            }
        }
    }

    /// Returns the module at `path`, itself for the empty one; `nil` if there is none.
    public final func submodule(at path: String) -> Module? {
        guard !path.isEmpty else { return self }
        return path.split(separator: ".", omittingEmptySubsequences: false)
            .reduce(self as Module?) { $0?.childSlots[String($1)]?.value }
    }

    /// Returns the parameter with the key `path` in the state dictionary; `nil` if there is none.
    public final func parameter(at path: String) -> Parameter? {
        let (owner, name) = split(path)
        return owner?.parameterSlots[name]?.value
    }

    /// Returns the buffer with the key `path` in the state dictionary; `nil` if there is none.
    public final func buffer(at path: String) -> Tensor? {
        let (owner, name) = split(path)
        return owner?.bufferSlots[name]?.value
    }

    /// Returns the module that owns the entry at `path`, and the entry's name in it.
    final func split(_ path: String) -> (owner: Module?, name: String) {
        guard let dot = path.lastIndex(of: ".") else { return (self, path) }
        return (submodule(at: String(path[..<dot])), String(path[path.index(after: dot)...]))
    }
}
