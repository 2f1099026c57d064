/// A question for what is served: `ServerReflectionRequest`.
package struct ReflectionRequest: ProtobufMessage {
    /// What is asked for.
    package enum Question: Sendable, Equatable {
        case file(name: String)
        case fileContaining(symbol: String)
        case fileContainingExtension(ExtensionRequest)
        case extensionNumbers(type: String)
        case services(String)
    }

    package var host = ""
    package var question: Question?

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): host = try reader.readString()
        case (3, .bytes): question = .file(name: try reader.readString())
        case (4, .bytes): question = .fileContaining(symbol: try reader.readString())
        case (5, .bytes):
            var request =
                if case .fileContainingExtension(let earlier) = question { earlier } else { ExtensionRequest() }
            try request.merge(&reader)
            question = .fileContainingExtension(request)
        case (6, .bytes): question = .extensionNumbers(type: try reader.readString())
        case (7, .bytes): question = .services(try reader.readString())
        default: return false
        }
        return true
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.field(1, host)
        switch question {
        case .file(let name): writer.element(3, name)
        case .fileContaining(let symbol): writer.element(4, symbol)
        case .fileContainingExtension(let request): writer.message(5, request.write)
        case .extensionNumbers(let type): writer.element(6, type)
        case .services(let text): writer.element(7, text)
        case nil: break
        }
    }
}

/// An extension of a type: `ExtensionRequest`.
package struct ExtensionRequest: ProtobufMessage, Equatable {
    package var containingType = ""
    package var number: Int32 = 0

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): containingType = try reader.readString()
        case (2, .varint): number = Int32(truncatingIfNeeded: try reader.readVarint())
        default: return false
        }
        return true
    }

    func write(to writer: inout ProtobufWriter) {
        writer.field(1, containingType)
        writer.field(2, Int(number))
    }
}
