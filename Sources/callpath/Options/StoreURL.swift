/// Where the database of a shared registry is, as `--store` says it; it may hold a password, which nothing prints.
struct StoreURL: OptionValue {
    /// All that was given.
    let secret: String

    init(_ text: String = "") { secret = text }

    init?(optionText: String) {
        let schemes = ["postgresql://", "postgres://"]
        guard optionText.isEmpty || schemes.contains(where: optionText.hasPrefix) else { return nil }
        self.init(optionText)
    }

    var isEmpty: Bool { secret.isEmpty }

    /// The scheme, the hosts and the database, without user, password and options.
    var optionText: String {
        guard let slashes = secret.firstRange(of: "://") else { return "" }
        let place = secret[slashes.upperBound...].prefix { $0 != "?" }
        let hosts = place.lastIndex(of: "@").map { place[place.index(after: $0)...] } ?? place
        return String(secret[..<slashes.upperBound] + hosts)
    }

    static var placeholder: String { "URL" }
    static var isSecret: Bool { true }
}
