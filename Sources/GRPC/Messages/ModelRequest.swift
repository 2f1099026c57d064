/// A request that names a model: `ModelReadyRequest`, `ModelMetadataRequest`, `ModelConfigRequest` and
/// `ModelStatisticsRequest` alike.
package struct ModelRequest: ProtobufMessage {
    package var name = ""
    /// The current one if empty.
    package var version = ""

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): name = try reader.readString()
        case (2, .bytes): version = try reader.readString()
        default: return false
        }
        return true
    }
}
