package import JSON

extension JSONWriter {
    /// Writes an argument as a client would write it.
    package mutating func write(_ argument: ArgumentValue) {
        switch argument {
        case .int(let integer): write(integer)
        case .tooBig(let digits): writeRaw(Array(digits.utf8))
        case .double(let double): write(double)
        case .bool(let bool): write(bool)
        case .string(let text): write(text)
        case .null: writeNull()
        case .list(let elements):
            beginArray()
            for element in elements { write(element) }
            endArray()
        case .object:
            beginObject()
            endObject()
        }
    }
}
