/// One of the six kinds of JSON value.
package enum JSONKind: String, Sendable, CaseIterable, CustomStringConvertible {
    case null, boolean, number, string, array, object

    /// The kind with its article, as an error message says it.
    package var description: String {
        switch self {
        case .null: "null"
        case .array, .object: "an \(rawValue)"
        case .boolean, .number, .string: "a \(rawValue)"
        }
    }
}
