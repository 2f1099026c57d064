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
    static var expected: String { "a URL that begins with postgresql://" }

    /// The scheme alone: a password may stand anywhere behind it, and in what is no URL anywhere at all.
    static func shown(_ optionText: String) -> String {
        guard let (_, scheme, slashes) = optionText.firstMatch(of: /^([A-Za-z][A-Za-z0-9+.-]{0,15}):(\/\/?)/)?.output
        else {
            return "one without a scheme"
        }
        return "\(scheme):\(slashes)..."
    }
}
