import HashTreeCollections

/// A line of the list of modules.
package struct RegistryEntry: Sendable {
    package let name: String
    /// PyTorch's class name; empty for a damaged module of which it is not known.
    package let type: String
    package let version: Int
    /// Why the module cannot be read; `nil` if it can.
    package let damage: String?
}

extension RegistryState {
    /// Returns the line of the list for `name`.
    func entry(_ name: String) -> RegistryEntry? {
        if let current = entries[name]?.current {
            return RegistryEntry(name: name, type: current.typeName, version: current.version, damage: nil)
        }
        return damaged[name].map {
            RegistryEntry(name: name, type: $0.type, version: $0.version, damage: $0.reason)
        }
    }
}
