/// One thing that a module's constructor takes.
public struct ModuleParameter: Sendable {
    /// What it may be.
    public enum Kind: Sendable, Equatable {
        case int, optionalInt, number, optionalNumber, flag, text
        /// A whole number or a list of them.
        case sizes
        /// Sizes or None.
        case optionalSizes
        /// Sizes or a word, as `padding="same"`.
        case sizesOrText
        /// A number, whole or not, or a list of them.
        case numbers
        /// A whole number, or one for each of so many axes.
        case axisSizes(Int)
        /// The same, or None.
        case optionalAxisSizes(Int)
        /// The same, or a word.
        case axisSizesOrText(Int)
        /// Whole numbers in a list.
        case tuple
        /// Numbers or None.
        case optionalNumbers
        /// A flag or None.
        case optionalFlag
        /// A whole number or None, or a list of such for so many axes.
        case outputSizes(Int)
        /// A list of lists of sizes.
        case shapes
        /// A list of pairs of a name and sizes.
        case namedShapes
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
        let value = takesNumbers ? value.withNonFinite(inside: takesLists) : value
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

    private var takesNumbers: Bool { [.number, .optionalNumber].contains(kind) || takesLists }
    private var takesLists: Bool { [.numbers, .optionalNumbers].contains(kind) }

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
        case .axisSizes(let axes): Self.areSizes(value, axes)
        case .optionalAxisSizes(let axes): value.isNone || Self.areSizes(value, axes)
        case .axisSizesOrText(let axes): value.isText || Self.areSizes(value, axes)
        case .tuple: value.elements != nil && Self.areAll(value) { $0.wholeNumber != nil }
        case .optionalNumbers: value.isNone || Self.areAll(value) { $0.number != nil }
        case .optionalFlag: value.isNone || value.isFlag
        case .outputSizes(let axes): value.isNone || Self.areSizes(value, axes, allowingNone: true)
        case .shapes: value.elements?.allSatisfy(Self.isShape) ?? false
        case .namedShapes: Self.areNamedShapes(value)
        }
    }

    private static func isShape(_ value: Value) -> Bool {
        value.elements.map { $0.count <= 64 && $0.allSatisfy { $0.wholeNumber != nil } } ?? false
    }

    private static func areNamedShapes(_ value: Value) -> Bool {
        value.elements?.allSatisfy { pair in
            guard let pair = pair.elements, pair.count == 2 else { return false }
            return pair[0].isText && isShape(pair[1])
        } ?? false
    }

    /// Whether the value is a whole number or a list of `axes`.
    private static func areSizes(_ value: Value, _ axes: Int, allowingNone: Bool = false) -> Bool {
        guard let elements = value.elements else { return value.wholeNumber != nil }
        return elements.count == axes && elements.allSatisfy { $0.wholeNumber != nil || allowingNone && $0.isNone }
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
        case .axisSizes(let axes): "int or tuple of \(axes) ints"
        case .optionalAxisSizes(let axes): "int, tuple of \(axes) ints or None"
        case .axisSizesOrText(let axes): "int, tuple of \(axes) ints or str"
        case .tuple: "tuple of ints"
        case .optionalNumbers: "float, tuple of floats or None"
        case .optionalFlag: "bool or None"
        case .shapes: "list of tuples of ints"
        case .namedShapes: "list of pairs of str and tuple of ints"
        case .outputSizes(let axes): "int, None or tuple of \(axes) of them"
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

    /// The number that JSON has no word for, as tensors write it; `nil` for all else.
    fileprivate var nonFinite: Double? {
        switch self {
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: nil
        }
    }

    /// Returns the number if this is the text of one that JSON has no word for; with `inside`, such in a list too.
    fileprivate func withNonFinite(inside: Bool) -> Value {
        switch self {
        case .list(let elements) where inside: .list(elements.map { $0.withNonFinite(inside: false) })
        case .tuple(let elements) where inside: .tuple(elements.map { $0.withNonFinite(inside: false) })
        default: nonFinite.map(Value.float) ?? self
        }
    }

    fileprivate var isFlag: Bool {
        if case .bool = self { true } else { false }
    }

    fileprivate var isText: Bool {
        if case .string = self { true } else { false }
    }
}
