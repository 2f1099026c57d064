/// A version of a module as the registry has it.
enum HeldVersion: Sendable {
    /// With its tensors in memory.
    case loaded(ModuleVersion)
    /// With its tensors on the disk.
    case cold(ColdVersion)

    var name: String {
        switch self {
        case .loaded(let moduleVersion): moduleVersion.name
        case .cold(let cold): cold.name
        }
    }

    var version: Int {
        switch self {
        case .loaded(let moduleVersion): moduleVersion.version
        case .cold(let cold): cold.version
        }
    }

    /// PyTorch's class name of the root.
    var typeName: String {
        switch self {
        case .loaded(let moduleVersion): moduleVersion.typeName
        case .cold(let cold): cold.typeName
        }
    }

    /// The versions that stand in it, by their names.
    var references: [String: Int] {
        switch self {
        case .loaded(let moduleVersion): moduleVersion.references.mapValues(\.version)
        case .cold(let cold): cold.references
        }
    }

    /// The calls under way of all versions of the module.
    var activity: CallActivity {
        switch self {
        case .loaded(let moduleVersion): moduleVersion.activity
        case .cold(let cold): cold.activity
        }
    }

    var id: VersionID { VersionID(name, version) }

    /// The version with its tensors, if they are in memory.
    var moduleVersion: ModuleVersion? {
        guard case .loaded(let moduleVersion) = self else { return nil }
        return moduleVersion
    }

    /// The version without its tensors, if they are on the disk alone.
    var cold: ColdVersion? {
        guard case .cold(let cold) = self else { return nil }
        return cold
    }
}
