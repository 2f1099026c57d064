/// A version of a module by its name and number.
struct VersionID: Hashable, Sendable {
    let name: String
    let version: Int

    init(_ name: String, _ version: Int) {
        self.name = name
        self.version = version
    }
}
