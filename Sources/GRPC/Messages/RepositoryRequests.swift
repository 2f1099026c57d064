/// A parameter of a load: `ModelRepositoryParameter`.
package enum RepositoryParameter: ProtobufMessage, Equatable {
    case unset
    case bool(Bool)
    case int64(Int64)
    case string(String)
    /// Where the bytes stand in the message.
    case bytes(Range<Int>)

    package init() { self = .unset }

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .varint): self = .bool(try reader.readBool())
        case (2, .varint): self = .int64(Int64(bitPattern: try reader.readVarint()))
        case (3, .bytes): self = .string(try reader.readString())
        case (4, .bytes): self = .bytes(try reader.readRange())
        default: return false
        }
        return true
    }
}

/// A request to load or unload a model: `RepositoryModelLoadRequest` and `RepositoryModelUnloadRequest` alike.
package struct RepositoryModelRequest: ProtobufMessage {
    package var repositoryName = ""
    package var modelName = ""
    package var parameters: ProtobufMap<RepositoryParameter> = [:]

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): repositoryName = try reader.readString()
        case (2, .bytes): modelName = try reader.readString()
        case (3, .bytes):
            try reader.readEntry(of: &parameters, empty: .unset) { reader, value throws(ProtobufError) in
                try value.readFields(&reader)
            }
            guard parameters.count <= ModelInferRequest.maxElements else {
                throw .tooMany(limit: ModelInferRequest.maxElements)
            }
        default: return false
        }
        return true
    }
}

/// A request for the models that there are: `RepositoryIndexRequest`.
package struct RepositoryIndexRequest: ProtobufMessage {
    package var repositoryName = ""
    package var isReadyOnly = false

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): repositoryName = try reader.readString()
        case (2, .varint): isReadyOnly = try reader.readBool()
        default: return false
        }
        return true
    }
}
