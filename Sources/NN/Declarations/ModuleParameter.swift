/// One thing that a module's constructor takes.
public struct ModuleParameter: Sendable {
    /// What it may be.
    public enum Kind: Sendable {
        case int, optionalInt, number, optionalNumber, flag, text
        /// A whole number or a list of them.
        case sizes
        /// Sizes or None.
        case optionalSizes
        /// Sizes or a word, as `padding="same"`.
        case sizesOrText
        /// A number, whole or not, or a list of them.
        case numbers
    }

    /// PyTorch's name.
    public let name: String
    /// What it may be.
    public let kind: Kind
    /// What it is when it is not given; `nil` when it must be.
    public let defaultValue: Value?

    /// Declares a parameter.
    public init(_ name: String, _ kind: Kind, _ defaultValue: Value? = nil) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
    }

    /// Returns `value` if it may stand here, a flag as such.
    func checked(_ value: Value, function: String) throws(ArgumentProblem) -> Value {
        if kind == .flag, let flag = value.flag { return .bool(flag) }
        guard fits(value) else {
            let fault = ArgumentProblem.Fault.type(
                function: function,
                name: name,
                expected: expectation,
                got: value.pythonType
            )
            throw ArgumentProblem(fault, at: [name])
        }
        return value
    }

    private func fits(_ value: Value) -> Bool {
        switch kind {
        case .int: value.wholeNumber != nil
        case .optionalInt: value.isNone || value.wholeNumber != nil
        case .number: value.number != nil
        case .optionalNumber: value.isNone || value.number != nil
        case .flag: false
        case .text: value.isText
        case .sizes: Self.areAll(value) { $0.wholeNumber != nil }
        case .optionalSizes: value.isNone || Self.areAll(value) { $0.wholeNumber != nil }
        case .sizesOrText: value.isText || Self.areAll(value) { $0.wholeNumber != nil }
        case .numbers: Self.areAll(value) { $0.number != nil }
        }
    }

    private static func areAll(_ value: Value, _ fits: (Value) -> Bool) -> Bool {
        guard let elements = value.elements else { return fits(value) }
        return elements.count <= 64 && elements.allSatisfy(fits)
    }

    private var expectation: String {
        switch kind {
        case .int: "int"
        case .optionalInt: "int or None"
        case .number: "float"
        case .optionalNumber: "float or None"
        case .flag: "bool"
        case .text: "str"
        case .sizes: "int or tuple of ints"
        case .optionalSizes: "int, tuple of ints or None"
        case .sizesOrText: "int, tuple of ints or str"
        case .numbers: "float or tuple of floats"
        }
    }
}

extension Value {
    /// What Python's `bool()` gives for flags, whole numbers and None; `nil` for a value that is no flag.
    fileprivate var flag: Bool? {
        switch self {
        case .bool(let flag): flag
        case .integer(let number): number != 0
        case .none: false
        case .tensor, .float, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: nil
        }
    }

    fileprivate var isText: Bool {
        if case .string = self { true } else { false }
    }
}
