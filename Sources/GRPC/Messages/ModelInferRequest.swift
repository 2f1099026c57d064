/// A request to infer: `ModelInferRequest`.
///
/// What is large stays where it is in the message.
package struct ModelInferRequest: ProtobufMessage {
    /// The most inputs, outputs, raw contents and parameters together: the smallest takes two octets, and far more memory.
    package static let maxElements = 16_384

    package var modelName = ""
    package var modelVersion = ""
    package var id = ""
    package var parameters: InferParameterMap = [:]
    package var inputs: [InferInputTensor] = []
    package var outputs: [InferRequestedOutputTensor] = []
    /// Where the bytes of each input stand.
    package var rawInputContents: [Range<Int>] = []
    private var elementCount = 0

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): modelName = try reader.readString()
        case (2, .bytes): modelVersion = try reader.readString()
        case (3, .bytes): id = try reader.readString()
        case (4, .bytes):
            try count(1)
            try parameters.readEntry(&reader)
        case (5, .bytes):
            let input = try InferInputTensor.one(&reader)
            try count(1 + input.parameters.count)
            inputs.append(input)
        case (6, .bytes):
            let output = try InferRequestedOutputTensor.one(&reader)
            try count(1 + output.parameters.count)
            outputs.append(output)
        case (7, .bytes):
            try count(1)
            rawInputContents.append(try reader.readRange())
        default: return false
        }
        return true
    }

    private mutating func count(_ added: Int) throws(ProtobufError) {
        elementCount += added
        guard elementCount <= Self.maxElements else { throw .tooMany(limit: Self.maxElements) }
    }
}

/// An input: `ModelInferRequest.InferInputTensor`.
package struct InferInputTensor: ProtobufMessage {
    package var name = ""
    package var datatype = ""
    package var shape = NumberList(.varint)
    package var parameters: InferParameterMap = [:]
    package var contents: InferTensorContents?

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): name = try reader.readString()
        case (2, .bytes): datatype = try reader.readString()
        case (3, _): return try shape.read(field, &reader)
        case (4, .bytes):
            try parameters.readEntry(&reader)
            guard parameters.count <= ModelInferRequest.maxElements else {
                throw .tooMany(limit: ModelInferRequest.maxElements)
            }
        case (5, .bytes):
            var contents = contents ?? InferTensorContents()
            self.contents = nil
            try contents.merge(&reader)
            self.contents = contents
        default: return false
        }
        return true
    }
}

/// An output that is asked for: `ModelInferRequest.InferRequestedOutputTensor`.
package struct InferRequestedOutputTensor: ProtobufMessage {
    package var name = ""
    package var parameters: InferParameterMap = [:]

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch (field.number, field.wireType) {
        case (1, .bytes): name = try reader.readString()
        case (2, .bytes):
            try parameters.readEntry(&reader)
            guard parameters.count <= ModelInferRequest.maxElements else {
                throw .tooMany(limit: ModelInferRequest.maxElements)
            }
        default: return false
        }
        return true
    }
}

/// The elements of a tensor, in the list of its datatype: `InferTensorContents`.
package struct InferTensorContents: ProtobufMessage {
    package var bools = NumberList(.varint)
    package var ints = NumberList(.varint)
    package var int64s = NumberList(.varint)
    package var uints = NumberList(.varint)
    package var uint64s = NumberList(.varint)
    package var floats = NumberList(.fixed32)
    package var doubles = NumberList(.fixed64)
    /// How many strings of octets there are; no module takes them.
    package var bytesCount = 0

    package init() {}

    package mutating func read(
        _ field: ProtobufReader.Field,
        _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> Bool {
        switch field.number {
        case 1: return try bools.read(field, &reader)
        case 2: return try ints.read(field, &reader)
        case 3: return try int64s.read(field, &reader)
        case 4: return try uints.read(field, &reader)
        case 5: return try uint64s.read(field, &reader)
        case 6: return try floats.read(field, &reader)
        case 7: return try doubles.read(field, &reader)
        case 8 where field.wireType == .bytes:
            _ = try reader.readRange()
            bytesCount += 1
            return true
        default: return false
        }
    }

    /// How many elements there are in all lists.
    package var count: Int {
        bools.count + ints.count + int64s.count + uints.count + uint64s.count + floats.count + doubles.count
            + bytesCount
    }
}
