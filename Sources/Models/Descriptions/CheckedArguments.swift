import NN
package import OrderedCollections

/// Arguments that fit their layer: known names, right types, defaults filled in, in PyTorch's order.
package struct CheckedArguments: Sendable, Equatable {
    package private(set) var values: OrderedDictionary<String, ArgumentValue> = [:]

    /// Checks `given` against what the constructor of `type` takes.
    package init(_ given: OrderedDictionary<String, ArgumentValue>, for type: LayerType) throws(DescriptionProblem) {
        if let declaration = type.declaration {
            do throws(ArgumentProblem) {
                _ = try ModuleArguments(given.mapValues(\.value), for: declaration)
                values = given
            } catch {
                throw DescriptionProblem(error)
            }
            return
        }
        let function = "\(type.name).__init__"
        for name in given.keys where !type.arguments.contains(where: { $0.name == name }) {
            throw DescriptionProblem(.unexpectedArgument(function: function, name: name), at: [name])
        }
        let missing = type.arguments.filter { $0.defaultValue == nil && given[$0.name] == nil }.map(\.name)
        guard missing.isEmpty else {
            throw DescriptionProblem(.missingArguments(function: function, names: missing))
        }
        for argument in type.arguments {
            guard let value = given[argument.name] ?? argument.defaultValue else { continue }
            values[argument.name] = try argument.checked(value, function: function)
        }
    }

    /// Returns the whole number under `name`, whose type was checked.
    package func int(_ name: String) -> Int { values[name]?.integer ?? 0 }
    /// Returns the whole number under `name`, `nil` for None.
    func optionalInt(_ name: String) -> Int? { values[name]?.integer }
    /// Returns the number under `name`, whose type was checked.
    func number(_ name: String) -> PythonNumber { values[name]?.number ?? 0 }
    /// Returns the number under `name`, `nil` for None.
    func optionalNumber(_ name: String) -> PythonNumber? { values[name]?.number }
    /// Returns the flag under `name`.
    func flag(_ name: String) -> Bool { values[name]?.flag ?? false }
    /// Returns the text under `name`.
    func text(_ name: String) -> String {
        guard case .string(let text) = values[name] else { return "" }
        return text
    }
    /// Returns the sizes under `name`; a number is one size.
    func sizes(_ name: String) -> [Int] {
        guard case .list(let sizes) = values[name] else { return optionalInt(name).map { [$0] } ?? [] }
        return sizes.compactMap(\.integer)
    }
    /// Returns the size for all axes under `name`, or those for each.
    func axisSizes(_ name: String) -> AxisSizes {
        guard case .list = values[name] else { return .all(int(name)) }
        return .each(sizes(name))
    }
    /// Returns the sizes under `name`, `nil` for None.
    func optionalAxisSizes(_ name: String) -> AxisSizes? { values[name] == .null ? nil : axisSizes(name) }
    /// Returns the flag under `name`, `nil` for None.
    func optionalFlag(_ name: String) -> Bool? { values[name] == .null ? nil : values[name]?.flag }
    /// Returns the numbers under `name`, `nil` for None.
    func factors(_ name: String) -> AxisFactors? {
        guard case .list(let numbers) = values[name] else { return optionalNumber(name).map { .all($0.value) } }
        return .each(numbers.compactMap { $0.number?.value })
    }
    /// Returns the sizes of an output under `name`.
    func outputSizes(_ name: String) -> OutputSizes {
        guard case .list(let sizes) = values[name] else { return .all(optionalInt(name)) }
        return .each(sizes.map(\.integer))
    }
}

/// One argument of a layer's constructor.
package struct LayerArgument: Sendable {
    /// What the argument may be.
    enum Kind: Sendable {
        case int, optionalInt, number, optionalNumber, flag, text
        /// A whole number or a list of them.
        case sizes
        /// A whole number, or one for each of so many axes.
        case axisSizes(Int)
        /// The same, or None.
        case optionalAxisSizes(Int)
        /// The same, or a word.
        case axisSizesOrText(Int)
        /// Whole numbers in a list.
        case tuple
        /// A whole number or a list of them, or None.
        case optionalSizes
        /// A number or a list of them, or None.
        case optionalFactors
        /// A flag or None.
        case optionalFlag
        /// A whole number or None, or a list of such for so many axes.
        case outputSizes(Int)
    }

    package let name: String
    let kind: Kind
    /// `nil` when it must be given.
    var defaultValue: ArgumentValue?

    init(_ name: String, _ kind: Kind, _ defaultValue: ArgumentValue? = nil) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
    }

    func checked(_ value: ArgumentValue, function: String) throws(DescriptionProblem) -> ArgumentValue {
        if case .tooBig = value { throw refusal(of: "Overflow when unpacking long long") }
        if case .flag = kind, let flag = value.flag { return .bool(flag) }
        if isNumber, let number = value.nonFinite { return .double(number) }
        guard fits(value) else {
            let fault = DescriptionProblem.Fault.argumentType(
                function: function,
                name: name,
                expected: expectation,
                got: value.pythonType
            )
            throw DescriptionProblem(fault, at: [name])
        }
        return value
    }

    /// Whether it is one of Python's floats, which JSON has no words for when they are not finite.
    private var isNumber: Bool {
        switch kind {
        case .number, .optionalNumber: true
        case .int, .optionalInt, .flag, .text, .sizes, .axisSizes, .optionalAxisSizes, .axisSizesOrText, .tuple,
            .optionalSizes, .optionalFactors, .optionalFlag, .outputSizes:
            false
        }
    }

    private func fits(_ value: ArgumentValue) -> Bool {
        switch kind {
        case .int: value.integer != nil
        case .optionalInt: value == .null || value.integer != nil
        case .number: value.number != nil
        case .optionalNumber: value == .null || value.number != nil
        case .flag: false
        case .text: value.pythonType == "str"
        case .sizes: Self.areSizes(value)
        case .axisSizes(let axes): Self.areSizes(value, axes)
        case .optionalAxisSizes(let axes): value == .null || Self.areSizes(value, axes)
        case .axisSizesOrText(let axes): value.pythonType == "str" || Self.areSizes(value, axes)
        case .tuple: value.pythonType == "list" && Self.areSizes(value)
        case .optionalSizes: value == .null || Self.areSizes(value)
        case .optionalFactors: value == .null || Self.areNumbers(value)
        case .optionalFlag: value == .null || value.pythonType == "bool"
        case .outputSizes(let axes): value == .null || Self.areSizes(value, axes, allowingNone: true)
        }
    }

    private static func areSizes(_ value: ArgumentValue) -> Bool {
        guard case .list(let sizes) = value else { return value.integer != nil }
        return sizes.count <= 64 && sizes.allSatisfy { $0.integer != nil }
    }

    private static func areNumbers(_ value: ArgumentValue) -> Bool {
        guard case .list(let numbers) = value else { return value.number != nil }
        return numbers.count <= 64 && numbers.allSatisfy { $0.number != nil }
    }

    /// Whether the value is a whole number or a list of `axes`.
    private static func areSizes(_ value: ArgumentValue, _ axes: Int, allowingNone: Bool = false) -> Bool {
        guard case .list(let sizes) = value else { return value.integer != nil }
        return sizes.count == axes && sizes.allSatisfy { $0.integer != nil || allowingNone && $0 == .null }
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
        case .axisSizes(let axes): "int or tuple of \(axes) ints"
        case .optionalAxisSizes(let axes): "int, tuple of \(axes) ints or None"
        case .axisSizesOrText(let axes): "int, tuple of \(axes) ints or str"
        case .tuple: "tuple of ints"
        case .optionalSizes: "int, tuple of ints or None"
        case .optionalFactors: "float, tuple of floats or None"
        case .optionalFlag: "bool or None"
        case .outputSizes(let axes): "int, None or tuple of \(axes) of them"
        }
    }

    private func refusal(of text: String) -> DescriptionProblem {
        DescriptionProblem(.refused(text), at: [name])
    }
}
