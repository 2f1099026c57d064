extension JSONReader {
    /// Reads the whole value that comes next.
    package mutating func readValue() throws(JSONError) -> JSONValue {
        switch try peekKind() {
        case .null:
            try readNull()
            return .null
        case .boolean: return .bool(try readBool())
        case .number: return .number(try readNumberToken())
        case .string: return .string(try readStringToken())
        case .array: return .array(try readArray())
        case .object: return .object(try readObject())
        }
    }

    /// Passes the value that comes next; checks it as `readValue()` does, but keeps nothing of it.
    package mutating func skipValue() throws(JSONError) {
        switch try peekKind() {
        case .null: try readNull()
        case .boolean: _ = try readBool()
        case .number: _ = try readNumberToken()
        case .string: _ = try scanString()
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        }
    }

    private mutating func readArray() throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        try beginArray()
        while try nextElement() { elements.append(try readValue()) }
        return elements
    }

    private mutating func readObject() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        try beginObject()
        while let key = try nextKey() { object.append(key: key, value: try readValue()) }
        return object
    }
}
