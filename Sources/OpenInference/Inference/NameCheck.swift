/// Finds names that come twice: by looking through a few, by hashing many.
struct NameCheck {
    private static let few = 16
    private var many: Set<String> = []

    /// Returns whether `name` is one of `earlier`, all of which were asked about before.
    mutating func isRepeated(_ name: String, in earlier: some Collection<String>) -> Bool {
        guard earlier.count >= Self.few else { return earlier.contains(name) }
        if earlier.count == Self.few { many = Set(earlier) }
        return !many.insert(name).inserted
    }
}
