/// The parameters of a function as Python lists them: `input, dim=None, *, dtype=None` or `input, *size`.
struct FunctionSignature {
    private(set) var parameters: [CallParameter] = []
    private(set) var gathering: Int?

    init(_ text: String) {
        var isKeywordOnly = false
        for part in Self.parts(of: text) {
            if part == "*" {
                isKeywordOnly = true
            } else if part.hasPrefix("*") {
                gathering = parameters.count
                parameters.append(CallParameter(String(part.dropFirst()), .tuple([])))
                isKeywordOnly = true
            } else {
                let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
                let value = sides.count > 1 ? Self.literal(sides[1]) : nil
                parameters.append(CallParameter(sides[0], value, isKeywordOnly: isKeywordOnly))
            }
        }
    }

    /// Splits at the commas outside of brackets.
    private static func parts(of text: String) -> [String] {
        var (parts, depth) = ([""], 0)
        for character in text where character != " " {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.filter { !$0.isEmpty }
    }

    /// Reads a default as Python writes it; a tuple of numbers such as `(2,3)`, a text such as `'mean'`.
    private static func literal(_ text: String) -> Value {
        switch text {
        case "None": return .none
        case "True": return .bool(true)
        case "False": return .bool(false)
        default: break
        }
        if text.hasPrefix("(") { return .tuple(parts(of: String(text.dropFirst().dropLast())).map(literal)) }
        if let number = Int64(text) { return .integer(number) }
        if let number = Double(text) { return .float(number) }
        return .string(text.trimmingPrefix("'").hasSuffix("'") ? String(text.dropFirst().dropLast()) : text)
    }
}
