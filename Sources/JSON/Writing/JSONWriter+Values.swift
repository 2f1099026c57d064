extension JSONWriter {
    /// Writes a number as its literal was.
    package mutating func write(_ value: JSONNumber) {
        switch value {
        case .int(let value): write(value)
        case .uint(let value): write(value)
        case .double(let value): write(value)
        case .bigInteger(let text): writeRaw(Array(text.utf8))
        }
    }

    /// Writes a whole value.
    package mutating func write(_ value: JSONValue) {
        switch value {
        case .null: writeNull()
        case .bool(let value): write(value)
        case .number(let value): write(value)
        case .string(let value): write(value)
        case .array(let elements):
            beginArray()
            for element in elements { write(element) }
            endArray()
        case .object(let members):
            beginObject()
            for (name, value) in members { member(name, value) }
            endObject()
        }
    }

    /// Writes a member that is a whole value.
    package mutating func member(_ name: String, _ value: JSONValue) {
        key(name)
        write(value)
    }

    /// Writes a member that is a string.
    @_disfavoredOverload package mutating func member(_ name: String, _ value: String) {
        key(name)
        write(value)
    }

    /// Writes a member that is a boolean.
    @_disfavoredOverload package mutating func member(_ name: String, _ value: Bool) {
        key(name)
        write(value)
    }

    /// Writes a member that is an integer.
    @_disfavoredOverload package mutating func member(_ name: String, _ value: some FixedWidthInteger) {
        key(name)
        write(value)
    }

    /// Writes a member that is a double.
    @_disfavoredOverload package mutating func member(_ name: String, _ value: Double) {
        key(name)
        write(value)
    }

    /// Writes a member that is a list of integers, such as a shape.
    package mutating func member(_ name: String, _ values: [Int]) {
        key(name)
        write(values)
    }

    /// Writes a list of integers, such as a shape.
    @_disfavoredOverload package mutating func write(_ values: [Int]) {
        beginArray()
        for value in values { write(value) }
        endArray()
    }
}
