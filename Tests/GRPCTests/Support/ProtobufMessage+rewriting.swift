import JSON

@testable import GRPC

/// What a test writes again of what was read, in the order of the fields' numbers, as Python does.
protocol Rewritable: ProtobufMessage {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8])
}

extension Rewritable {
    /// Reads a message and writes it.
    static func rewritten(_ octets: [UInt8]) throws(ProtobufError) -> [UInt8] {
        let message = try Self(reading: octets)
        var writer = ProtobufWriter()
        message.write(to: &writer, from: octets)
        return writer.octets
    }
}

extension EmptyMessage: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {}
}

extension ModelRequest: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.field(1, name)
        writer.field(2, version)
    }
}

extension RepositoryIndexRequest: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.field(1, repositoryName)
        writer.field(2, isReadyOnly)
    }
}

extension HealthCheckRequest: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) { writer.field(1, service) }
}

extension ReflectionRequest: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) { write(to: &writer) }
}

extension InferParameter: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        switch self {
        case .unset: break
        case .bool(let flag): writer.choice(1, flag)
        case .int64(let number): writer.choice(2, Int(number))
        case .string(let text): writer.element(3, text)
        case .double(let number): writer.choice(4, number)
        case .uint64(let number): writer.choice(5, unsigned: number)
        }
    }
}

extension RepositoryParameter: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        switch self {
        case .unset: break
        case .bool(let flag): writer.choice(1, flag)
        case .int64(let number): writer.choice(2, Int(number))
        case .string(let text): writer.element(3, text)
        case .bytes(let range):
            octets.withUnsafeBytes { writer.element(4, UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func map(_ number: Int, _ map: ProtobufMap<some Rewritable>, from octets: [UInt8]) {
        for (key, value) in map.sorted(by: { Self.precedes(Array($0.key.text.utf8), Array($1.key.text.utf8)) }) {
            message(number) { writer in
                writer.element(1, key.text)
                writer.message(2) { value.write(to: &$0, from: octets) }
            }
        }
    }

    /// The order in which Python's implementation in C sorts keys: by octets, and the longer before what it begins with.
    private static func precedes(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        let pair = zip(first, second).first { $0 != $1 }
        return pair.map { $0 < $1 } ?? (first.count > second.count)
    }

    fileprivate mutating func varints(
        _ number: Int,
        _ list: NumberList,
        from octets: [UInt8],
        _ convert: (UInt64) -> UInt64 = { $0 }
    ) {
        var values: [UInt64] = []
        list.forEachVarint(in: octets) { values.append(convert($0)) }
        precondition(values.count == list.count)
        packed(number, varints: values)
    }
}

extension RepositoryModelRequest: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.field(1, repositoryName)
        writer.field(2, modelName)
        writer.map(3, parameters, from: octets)
    }
}

extension InferTensorContents: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.varints(1, bools, from: octets) { $0 == 0 ? 0 : 1 }
        writer.varints(2, ints, from: octets) { UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: $0))) }
        writer.varints(3, int64s, from: octets)
        writer.varints(4, uints, from: octets) { UInt64(UInt32(truncatingIfNeeded: $0)) }
        writer.varints(5, uint64s, from: octets)
        floats.withPacked(in: octets) { writer.packed(6, fixed: $0) }
        doubles.withPacked(in: octets) { writer.packed(7, fixed: $0) }
    }
}

extension InferInputTensor: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.field(1, name)
        writer.field(2, datatype)
        writer.varints(3, shape, from: octets)
        writer.map(4, parameters, from: octets)
        if let contents { writer.message(5) { contents.write(to: &$0, from: octets) } }
    }
}

extension InferRequestedOutputTensor: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.field(1, name)
        writer.map(2, parameters, from: octets)
    }
}

extension ModelInferRequest: Rewritable {
    func write(to writer: inout ProtobufWriter, from octets: [UInt8]) {
        writer.field(1, modelName)
        writer.field(2, modelVersion)
        writer.field(3, id)
        writer.map(4, parameters, from: octets)
        for input in inputs { writer.message(5) { input.write(to: &$0, from: octets) } }
        for output in outputs { writer.message(6) { output.write(to: &$0, from: octets) } }
        for range in rawInputContents {
            octets.withUnsafeBytes { writer.element(7, UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
    }
}
