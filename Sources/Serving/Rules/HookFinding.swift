package import Models

/// What an asserting hook found.
package struct HookFinding: Equatable, Sendable {
    /// The assertion that failed.
    package enum Assertion: Equatable, Sendable {
        case finite(bad: Int)
        case range(min: Double?, max: Double?, value: Double)
        case shape(expected: [Int], got: [Int])
    }

    /// The path of the module.
    package var module: String
    /// The node of that module's graph, of a hook on a node.
    package var node: String?
    /// When the hook ran.
    package var kind: HookKind
    /// What does not hold.
    package var assertion: Assertion

    /// The text for people.
    package var message: String {
        let place = "\(kind.rawValue) hook on \(node.map { "node '\($0)' of " } ?? "")'\(module)': "
        switch assertion {
        case .finite(let bad): return place + "\(bad) elements are NaN or infinite"
        case .range(let min, let max, let value):
            return place + "\(value) is outside [\(min.map { "\($0)" } ?? "-inf"), \(max.map { "\($0)" } ?? "inf")]"
        case .shape(let expected, let got): return place + "expected shape \(expected), got \(got)"
        }
    }
}
