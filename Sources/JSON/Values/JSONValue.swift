/// A whole JSON value in memory.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The kind of value this is.
    package var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .boolean
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// Accesses the member called `key`; `nil` if there is none or this is no object.
    package subscript(key: String) -> JSONValue? { asObject?[key] }

    /// Accesses the element at `index`; `nil` if there is none or this is no array.
    package subscript(index: Int) -> JSONValue? {
        guard let elements = asArray, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

extension JSONValue {
    /// The boolean, if this is one.
    package var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The number, if this is one.
    package var asNumber: JSONNumber? { if case .number(let value) = self { value } else { nil } }
    /// The integer, if this is an integer literal that fits.
    package var asInt: Int? { asNumber?.integer() }
    /// The nearest double, if this is a number.
    package var asDouble: Double? { asNumber?.doubleValue }
    /// The string, if this is one.
    package var asString: String? { if case .string(let value) = self { value } else { nil } }
    /// The elements, if this is an array.
    package var asArray: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    /// The members, if this is an object.
    package var asObject: JSONObject? { if case .object(let value) = self { value } else { nil } }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Creates null.
    package init(nilLiteral: ()) { self = .null }
    /// Creates a boolean.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Creates a number.
    package init(integerLiteral value: Int64) { self = .number(.int(value)) }
    /// Creates a number.
    package init(floatLiteral value: Double) { self = .number(.double(value)) }
    /// Creates a string.
    package init(stringLiteral value: String) { self = .string(value) }
    /// Creates an array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Creates an object; its names must differ.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(uniqueKeys: elements.map { (key: $0.0, value: $0.1) }))
    }
}
