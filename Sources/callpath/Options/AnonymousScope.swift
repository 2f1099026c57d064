import Web

/// What whoever shows no key may do where there are keys.
enum AnonymousScope: String, CaseIterable {
    case none, infer

    var scope: Scope? {
        switch self {
        case .none: nil
        case .infer: .infer
        }
    }
}

extension AnonymousScope: OptionValue {
    init?(optionText: String) { self.init(rawValue: optionText) }
    var optionText: String { rawValue }
    static var placeholder: String { allCases.map(\.rawValue).joined(separator: "|") }
}
