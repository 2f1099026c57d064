import NN
import OrderedCollections
import Tensors

/// Parameters of a tree that are one, later names to earlier ones.
package struct Ties {
    /// The ways in which two names cannot be those of one parameter.
    package enum Fault: Error, Equatable {
        case noParameter(String)
        case notEarlier(String, than: String)
        case shapes(String, [Int], String, [Int])
        case types(String, String, String, String)

        /// What is wrong, in words.
        var message: String {
            switch self {
            case .noParameter(let name): "'\(name)' is not a parameter of the module itself"
            case .notEarlier(let name, let later): "'\(name)' does not come before '\(later)' among the parameters"
            case .shapes(let later, let got, let earlier, let expected):
                "'\(later)' has the shape \(got) and '\(earlier)' the shape \(expected): they cannot be one parameter"
            case .types(let later, let got, let earlier, let expected):
                "'\(later)' is \(got) and '\(earlier)' is \(expected): they cannot be one parameter"
            }
        }
    }

    private let names: OrderedDictionary<String, String>
    private let root: Module
    /// The keys of all parameters in PyTorch's order, shared ones under each.
    private let order: [String: Int]

    init(_ names: OrderedDictionary<String, String>, in root: Module) {
        self.names = names
        self.root = root
        let keys = names.isEmpty ? [] : Array(root.stateDict().keys)
        order = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
    }

    /// Puts each earlier parameter in the place of the later one, and returns the names, each to the first of its parameter.
    func carriedOut() throws(DescriptionProblem) -> OrderedDictionary<String, String> {
        var firsts: OrderedDictionary<String, String> = [:]
        for later in names.keys.sorted(by: { order[$0, default: 0] < order[$1, default: 0] }) {
            guard let named = names[later] else { continue }
            let earlier = firsts[named] ?? named
            do throws(Fault) {
                try tie(later, to: earlier)
            } catch { throw DescriptionProblem(.tie(error), at: ["tied", later]) }
            firsts[later] = earlier
        }
        return firsts
    }

    /// Returns the ties that are left of some: each name to the first that has the same parameter.
    ///
    /// - Parameter parameter: Returns what tells the parameter of a name from others; `nil` if it has none.
    static func left<Identity: Hashable>(
        of ties: OrderedDictionary<String, String>,
        parameter: (String) -> Identity?
    ) -> OrderedDictionary<String, String> {
        var firsts: [Identity: String] = [:]
        for name in ties.values {
            if let parameter = parameter(name) { firsts[parameter] = name }
        }
        var left: OrderedDictionary<String, String> = [:]
        for name in ties.keys {
            guard let parameter = parameter(name) else { continue }
            if let first = firsts[parameter] { left[name] = first } else { firsts[parameter] = name }
        }
        return left
    }

    /// Returns the ties of a description that was written down, without those that no longer held then.
    ///
    /// Earlier versions of Callpath wrote them all: of parameters that were None by then, and of those that had a tensor of
    /// their own again.
    ///
    /// - Parameter hasTensor: Returns whether a tensor was written down under a name.
    static func written(
        _ ties: OrderedDictionary<String, String>,
        in root: Module,
        hasTensor: (String) -> Bool
    ) -> OrderedDictionary<String, String> {
        let left = Self.left(of: ties) { root.parameter(at: $0) == nil ? nil : ties[$0] ?? $0 }
        // Of a parameter with several names the tensor is kept under the first.
        return left.filter { !hasTensor($0.key) }
    }

    private func tie(_ later: String, to earlier: String) throws(Fault) {
        guard let place = root.parameter(at: later), let laterOrder = order[later] else { throw .noParameter(later) }
        guard let parameter = root.parameter(at: earlier), let earlierOrder = order[earlier] else {
            throw .noParameter(earlier)
        }
        guard earlierOrder < laterOrder else { throw .notEarlier(earlier, than: later) }
        let (got, expected) = (place.tensor, parameter.tensor)
        guard got.shape == expected.shape else {
            throw .shapes(later, got.shape.dimensions, earlier, expected.shape.dimensions)
        }
        guard got.dtype == expected.dtype else {
            throw .types(later, got.dtype.rawValue, earlier, expected.dtype.rawValue)
        }
        let (path, name) = Self.split(later)
        guard (try? root.submodule(at: path)?.registerParameter(name, parameter)) != nil else {
            throw .noParameter(later)
        }
    }

    /// Returns the path of the module and the name in it of the parameter `key`.
    private static func split(_ key: String) -> (path: String, name: String) {
        guard let dot = key.lastIndex(of: ".") else { return ("", key) }
        return (String(key[..<dot]), String(key[key.index(after: dot)...]))
    }
}
