import JSON

/// A parameter of an inference: `InferParameter`.
package enum InferParameter: ProtobufMessage, Equatable {
    case unset
    case bool(Bool)
    case int64(Int64)
    case string(String)
    case double(Double)
    case uint64(UInt64)

    package init() { self = .unset }

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .varint): self = .bool(try reader.readBool())
        case (2, .varint): self = .int64(Int64(bitPattern: try reader.readVarint()))
        case (3, .bytes): self = .string(try reader.readString())
        case (4, .fixed64): self = .double(Double(bitPattern: try reader.readFixed64()))
        case (5, .varint): self = .uint64(try reader.readVarint())
        default: return false
        }
        return true
    }
}

/// Parameters by their names.
package typealias InferParameterMap = ProtobufMap<InferParameter>

extension [ExactString: InferParameter] {
    /// Reads an entry.
    mutating func readEntry(_ reader: inout ProtobufReader) throws(ProtobufError) {
        try reader.readEntry(of: &self, empty: .unset) { reader, value throws(ProtobufError) in
            try value.readFields(&reader)
        }
    }
}
