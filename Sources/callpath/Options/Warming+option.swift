import Serving

extension Warming: OptionValue {
    init?(optionText: String) { self.init(rawValue: optionText) }
    var optionText: String { rawValue }
    static var placeholder: String { allCases.map(\.rawValue).joined(separator: "|") }
}
