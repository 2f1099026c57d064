/// A line of the list of modules.
package struct RegistryEntry: Sendable {
    package let name: String
    /// PyTorch's class name; empty for a damaged module of which it is not known.
    package let type: String
    package let version: Int
    /// Why the module cannot be read; `nil` if it can.
    package let damage: String?
}

extension RegistryEntry {
    init(_ version: HeldVersion) {
        self.init(name: version.name, type: version.typeName, version: version.version, damage: nil)
    }

    init(_ damaged: RegistryState.DamagedModule) {
        self.init(name: damaged.name, type: damaged.type, version: damaged.version, damage: damaged.reason)
    }
}
