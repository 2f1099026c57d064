/// A message that is read field by field, in whatever order they come.
///
/// A field that comes again is read into what came before: the last number counts, messages merge, lists grow.
package protocol ProtobufMessage: Sendable {
    /// Creates the message without fields.
    init()

    /// Takes a field whose octets `reader` stands before; returns false, and reads nothing, if it does not know it.
    mutating func read(_ field: ProtobufReader.Field, _ reader: inout ProtobufReader) throws(ProtobufError) -> Bool
}

extension ProtobufMessage {
    /// Reads the message that `octets` are, from `start` to their end.
    package init(reading octets: [UInt8], from start: Int = 0) throws(ProtobufError) {
        self.init()
        var reader = ProtobufReader(octets, from: start)
        try readFields(&reader)
    }

    /// Reads all that is left of `reader`'s message into this one.
    package mutating func readFields(_ reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            if try !read(field, &reader) { try reader.skip(field) }
        }
    }

    /// Reads a message within `reader`'s into this one.
    mutating func merge(_ reader: inout ProtobufReader) throws(ProtobufError) {
        try reader.readMessage { reader throws(ProtobufError) in try readFields(&reader) }
    }

    /// Returns the message within `reader`'s that it stands before.
    static func one(_ reader: inout ProtobufReader) throws(ProtobufError) -> Self {
        var message = Self()
        try message.merge(&reader)
        return message
    }
}

/// A message of which no field matters.
package struct EmptyMessage: ProtobufMessage {
    package init() {}

    package mutating func read(_ field: ProtobufReader.Field, _ reader: inout ProtobufReader) -> Bool { false }
}
