/// Names of hosts without ports, separated by commas: `app.example,models.internal`; `*` is all.
struct HostNameList: OptionValue {
    var names: [String] = []

    init() {}

    init?(optionText: String) {
        guard !optionText.isEmpty else { return }
        names = optionText.listed.map(String.init)
        guard names.allSatisfy({ $0 == "*" || Self.isName($0) }) else { return nil }
    }

    var optionText: String { names.joined(separator: ",") }
    static var placeholder: String { "NAME,..." }
    static var expected: String { "names of hosts without ports, separated by commas, or '*'" }
    static var isList: Bool { true }

    private static func isName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                !label.isEmpty
                    && label.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-_".utf8.contains(byte)
                    }
            }
    }
}
