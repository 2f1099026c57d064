import OrderedCollections

/// A parameter of a function or of `forward`, as Python declares it.
public struct CallParameter: Sendable {
    /// The name.
    public let name: String
    /// What it is when it is not given; `nil` when it must be.
    public let defaultValue: Value?
    /// Whether it can be given by name only.
    public let isKeywordOnly: Bool

    /// Creates a parameter.
    public init(_ name: String, _ defaultValue: Value? = nil, isKeywordOnly: Bool = false) {
        self.name = name
        self.defaultValue = defaultValue
        self.isKeywordOnly = isKeywordOnly
    }
}

/// A way in which arguments do not fit parameters.
enum BindingProblem: Error {
    case missing([String])
    case tooMany(taken: Int, given: Int)
    case unexpected(String)
    case repeated(String)
}

extension [CallParameter] {
    /// Returns the argument for each parameter, bound as Python binds them; `nil` where the default holds.
    func bind<Argument>(
        _ positional: [Argument],
        _ named: OrderedDictionary<String, Argument>?
    ) throws(BindingProblem) -> [Argument?] {
        let taken = count { !$0.isKeywordOnly }
        var bound = [Argument?](repeating: nil, count: count)
        for (index, argument) in zip(0..<taken, positional) { bound[index] = argument }
        for (name, argument) in named ?? [:] {
            guard let index = firstIndex(where: { $0.name == name }) else { throw .unexpected(name) }
            guard bound[index] == nil else { throw .repeated(name) }
            bound[index] = argument
        }
        guard positional.count <= taken else { throw .tooMany(taken: taken, given: positional.count) }
        let missing = zip(self, bound).filter { $0.1 == nil && $0.0.defaultValue == nil }.map(\.0.name)
        guard missing.isEmpty else { throw .missing(missing) }
        return bound
    }
}
