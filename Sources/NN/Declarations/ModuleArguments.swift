public import OrderedCollections

/// Arguments that fit their class: known names, right types, defaults filled in, in PyTorch's order.
public struct ModuleArguments: Sendable {
    /// The arguments by name.
    public let values: OrderedDictionary<String, Value>

    /// Checks `given` against what the constructor of `type` takes.
    public init(_ given: OrderedDictionary<String, Value>, for type: ModuleType) throws(ArgumentProblem) {
        let function = "\(type.name).__init__"
        for name in given.keys where !type.parameters.contains(where: { $0.name == name }) {
            throw ArgumentProblem(.unexpected(function: function, name: name), at: [name])
        }
        let missing = type.parameters.filter { $0.defaultValue == nil && given[$0.name] == nil }.map(\.name)
        guard missing.isEmpty else { throw ArgumentProblem(.missing(function: function, names: missing)) }
        var values: OrderedDictionary<String, Value> = [:]
        for parameter in type.parameters {
            guard let value = given[parameter.name] ?? parameter.defaultValue else { continue }
            values[parameter.name] = try parameter.checked(value, function: function)
        }
        self.values = values
    }

    /// Returns the whole number under `name`, whose type was checked.
    public func int(_ name: String) -> Int { values[name]?.wholeNumber ?? 0 }
    /// Returns the whole number under `name`, `nil` for None.
    public func optionalInt(_ name: String) -> Int? { values[name]?.wholeNumber }
    /// Returns the number under `name`, whose type was checked.
    public func number(_ name: String) -> PythonNumber { optionalNumber(name) ?? 0 }
    /// Returns the number under `name`, `nil` for None.
    public func optionalNumber(_ name: String) -> PythonNumber? { values[name].flatMap(PythonNumber.init) }
    /// Returns the flag under `name`.
    public func flag(_ name: String) -> Bool {
        if case .bool(let flag)? = values[name] { flag } else { false }
    }
    /// Returns the text under `name`; `nil` when it is none.
    public func optionalText(_ name: String) -> String? {
        if case .string(let text)? = values[name] { text } else { nil }
    }
    /// Returns the text under `name`, whose type was checked.
    public func text(_ name: String) -> String { optionalText(name) ?? "" }
    /// Returns the sizes under `name`; a number is one size.
    public func sizes(_ name: String) -> [Int] { optionalSizes(name) ?? [] }
    /// Returns the sizes under `name`, `nil` for None or a word.
    public func optionalSizes(_ name: String) -> [Int]? {
        guard let elements = values[name]?.elements else { return optionalInt(name).map { [$0] } }
        return elements.compactMap(\.wholeNumber)
    }
    /// Returns the flag under `name`; `nil` for None.
    public func optionalFlag(_ name: String) -> Bool? {
        if case .bool(let flag)? = values[name] { flag } else { nil }
    }
    /// Returns the size for all axes under `name`, or those for each.
    public func axisSizes(_ name: String) -> AxisSizes {
        values[name]?.elements == nil ? .all(int(name)) : .each(sizes(name))
    }
    /// Returns the sizes of the axes under `name`; `nil` for None or a word.
    public func optionalAxisSizes(_ name: String) -> AxisSizes? { optionalSizes(name).map { _ in axisSizes(name) } }
    /// Returns the factor for all axes under `name`, or those for each; `nil` for None.
    public func optionalFactors(_ name: String) -> AxisFactors? {
        guard values[name]?.elements != nil else { return optionalNumber(name).map { .all($0.value) } }
        return .each(numbers(name).map(\.value))
    }
    /// Returns the sizes of an output under `name`.
    public func outputSizes(_ name: String) -> OutputSizes {
        guard let elements = values[name]?.elements else { return .all(optionalInt(name)) }
        return .each(elements.map(\.wholeNumber))
    }
    /// Returns the sizes of each tensor under `name`.
    public func shapes(_ name: String) -> [[Int]] {
        (values[name]?.elements ?? []).map { ($0.elements ?? []).compactMap(\.wholeNumber) }
    }
    /// Returns the name and the sizes of each tensor under `name`.
    public func namedShapes(_ name: String) -> [(name: String, sizes: [Int])] {
        (values[name]?.elements ?? []).compactMap { pair in
            guard let pair = pair.elements, pair.count == 2, case .string(let name) = pair[0] else { return nil }
            return (name, (pair[1].elements ?? []).compactMap(\.wholeNumber))
        }
    }
    /// Returns the numbers under `name`; one stands for itself.
    public func numbers(_ name: String) -> [PythonNumber] {
        guard let elements = values[name]?.elements else { return optionalNumber(name).map { [$0] } ?? [] }
        return elements.compactMap(PythonNumber.init)
    }
}

/// What is wrong with an argument of a constructor, and where.
public struct ArgumentProblem: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Fault: Equatable, Sendable {
        case unexpected(function: String, name: String)
        case missing(function: String, names: [String])
        case type(function: String, name: String, expected: String, got: String)
        /// PyTorch's own words for an argument out of range.
        case refused(String)
    }

    /// What is wrong.
    public let fault: Fault
    /// The way to the offending argument.
    public let path: [String]

    /// Creates a problem.
    public init(_ fault: Fault, at path: [String] = []) {
        self.fault = fault
        self.path = path
    }
}

extension PythonNumber {
    /// Creates the number that `value` is; `nil` for anything else.
    init?(_ value: Value) {
        switch value {
        case .integer(let number): self = .int(number)
        case .float(let number): self = .float(number)
        case .bool(let flag): self = .bool(flag)
        case .tensor, .none, .string, .dtype, .slice, .ellipsis, .tuple, .list, .dictionary: return nil
        }
    }
}
