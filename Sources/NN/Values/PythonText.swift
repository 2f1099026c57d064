/// How Python prints the arguments that stand in a module's description.
extension Bool {
    var pythonText: String { self ? "True" : "False" }
}

extension Optional where Wrapped: CustomStringConvertible {
    var pythonText: String { map(\.description) ?? "None" }
}

extension [Int] {
    /// A tuple: `(3,)` or `(2, 3)`.
    var pythonTuple: String {
        count == 1 ? "(\(self[0]),)" : "(\(map(String.init).joined(separator: ", ")))"
    }
}
