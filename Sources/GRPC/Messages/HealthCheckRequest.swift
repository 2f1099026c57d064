/// A question for a service's health: `grpc.health.v1.HealthCheckRequest`.
package struct HealthCheckRequest: ProtobufMessage {
    /// The server itself if empty.
    package var service = ""

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        guard (field.number, field.wireType) == (1, .bytes) else { return false }
        service = try reader.readString()
        return true
    }
}
