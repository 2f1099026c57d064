import CDescriptors

/// The files that describe the services, and which of them declares a name.
struct DescriptorIndex: Sendable {
    /// The files of the program, in their order.
    static let own = DescriptorIndex(files: descriptors)

    private static var descriptors: [[UInt8]] {
        UnsafeBufferPointer(start: callpath_descriptors, count: callpath_descriptor_count).map { file in
            Array(UnsafeBufferPointer(start: file.bytes, count: file.size))
        }
    }

    private let files: [[UInt8]]
    private var byName: [String: Int] = [:]
    private var bySymbol: [String: Int] = [:]
    /// The full names of all services, sorted.
    private(set) var services: [String] = []

    /// Reads files, which are part of the program; what cannot be read of one is not found.
    init(files: [[UInt8]]) {
        self.files = files
        for (index, octets) in files.enumerated() {
            guard let file = try? FileDescriptor(reading: octets) else { continue }
            byName[file.name] = index
            for symbol in file.symbols { bySymbol["\(file.package).\(symbol)"] = index }
            services += file.services.map { "\(file.package).\($0)" }
        }
        services.sort()
    }

    /// The file called `name`.
    func file(named name: String) -> [UInt8]? { byName[name].map { files[$0] } }

    /// The file that declares a message, a field, an enumeration, a service or a method.
    func file(declaring symbol: String) -> [UInt8]? { bySymbol[symbol].map { files[$0] } }
}

/// What is looked for in a `FileDescriptorProto`; no file imports another.
private struct FileDescriptor: ProtobufMessage {
    var name = ""
    var package = ""
    var symbols: [String] = []
    var services: [String] = []

    mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): name = try reader.readString()
        case (2, .bytes): package = try reader.readString()
        case (4, .bytes): symbols += try MessageDescriptor.one(&reader).symbols
        case (5, .bytes): symbols.append(try Leaf.one(&reader).name)
        case (6, .bytes):
            let service = try ServiceDescriptor.one(&reader)
            services.append(service.name)
            symbols += service.symbols
        default: return false
        }
        return true
    }
}

/// Whatever has a name: a field, an enumeration, a method.
private struct Leaf: ProtobufMessage {
    var name = ""

    mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        guard (field.number, field.wireType) == (1, .bytes) else { return false }
        name = try reader.readString()
        return true
    }
}

private struct MessageDescriptor: ProtobufMessage {
    private var name = ""
    private var inner: [String] = []

    /// Its name, and behind it the names of what it holds.
    var symbols: [String] { [name] + inner.map { "\(name).\($0)" } }

    mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): name = try reader.readString()
        case (2, .bytes), (4, .bytes): inner.append(try Leaf.one(&reader).name)
        case (3, .bytes): inner += try MessageDescriptor.one(&reader).symbols
        default: return false
        }
        return true
    }
}

private struct ServiceDescriptor: ProtobufMessage {
    private(set) var name = ""
    private var methods: [String] = []

    /// Its name, and behind it the names of its methods.
    var symbols: [String] { [name] + methods.map { "\(name).\($0)" } }

    mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): name = try reader.readString()
        case (2, .bytes): methods.append(try Leaf.one(&reader).name)
        default: return false
        }
        return true
    }
}
