import Web

/// What is served, for tools that were not told: `grpc.reflection.v1` and `v1alpha`.
package enum Reflection {
    /// The methods of both versions; they differ in their name alone.
    package static var methods: [Method] {
        ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"].map { service in
            Method(service, "ServerReflectionInfo", scope: .open, .streaming(answer))
        }
    }

    private static func answer(_ call: Call, _ messages: MessageSource, _ sink: MessageSink) async throws {
        var messages = messages
        while let message = try await messages.next() {
            try await sink.send(answer(try message.read(ReflectionRequest.self), from: .own))
        }
    }

    /// Returns the answer to a question: `ServerReflectionResponse`.
    static func answer(_ request: ReflectionRequest, from index: DescriptorIndex) -> ProtobufWriter {
        var writer = MessageEncoder.writer()
        writer.field(1, request.host)
        writer.message(2, request.write)
        switch request.question {
        case .file(let name): write(index.file(named: name), of: name, to: &writer)
        case .fileContaining(let symbol): write(index.file(declaring: symbol), of: symbol, to: &writer)
        case .fileContainingExtension(let request):
            write(nil, of: "extension \(request.number) of \(request.containingType)", to: &writer)
        case .extensionNumbers(let type) where index.file(declaring: type) != nil:
            writer.message(5) { $0.field(1, type) }
        case .extensionNumbers(let type): write(nil, of: type, to: &writer)
        case .services:
            writer.message(6) { writer in
                for service in index.services { writer.message(1) { $0.field(1, service) } }
            }
        case nil: write(Status(.invalidArgument, "the request asks for nothing that is known here"), to: &writer)
        }
        return writer
    }

    private static func write(_ file: [UInt8]?, of name: String, to writer: inout ProtobufWriter) {
        guard let file else {
            return write(Status(.notFound, "there is no '\(name.prefix(256))' here"), to: &writer)
        }
        writer.message(4) { writer in file.withUnsafeBytes { writer.element(1, $0) } }
    }

    private static func write(_ status: Status, to writer: inout ProtobufWriter) {
        writer.message(7) { writer in
            writer.field(1, status.code.rawValue)
            writer.field(2, status.message)
        }
    }
}
