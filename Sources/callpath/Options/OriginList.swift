/// Origins as browsers send them, separated by commas: `https://app.example,http://localhost:3000`.
struct OriginList: OptionValue {
    var origins: [String] = []

    init() {}

    init?(optionText: String) {
        guard !optionText.isEmpty else { return }
        origins = optionText.listed.map(String.init)
        guard origins.allSatisfy(Self.isOrigin) else { return nil }
    }

    var optionText: String { origins.joined(separator: ",") }
    static var placeholder: String { "ORIGIN,..." }
    static var expected: String { "origins like https://app.example, separated by commas" }
    static var isList: Bool { true }

    /// Returns whether a text is a scheme, a host and perhaps a port, and nothing behind them.
    private static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
        let host = text.dropFirst(scheme.count)
        return !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@*\"".utf8.contains($0) }
    }
}
