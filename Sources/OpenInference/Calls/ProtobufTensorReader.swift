import GRPC
import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// Reads an input of a message, straight into the storage of a tensor.
struct ProtobufTensorReader {
    private let name: String
    private let datatype: InferenceDatatype
    private let shape: Shape
    private let octets: [UInt8]

    /// - Parameter octets: The octets of the message.
    init(_ input: InferInputTensor, in octets: [UInt8]) throws(InferenceError) {
        name = input.name
        self.octets = octets
        guard input.datatype != InferenceDatatype.bytesName else { throw .bytesAreNotServed(tensor: name) }
        guard let datatype = InferenceDatatype(rawValue: input.datatype) else {
            throw .unknownDatatype(tensor: name, String(input.datatype.prefix(32)))
        }
        self.datatype = datatype
        for (parameter, value) in input.parameters where value != .unset {
            guard !parameter.text.hasPrefix("shared_memory_") else { throw .unservedParameter(parameter.text) }
        }
        shape = try Self.shape(input, in: octets)
    }

    private static func shape(_ input: InferInputTensor, in octets: [UInt8]) throws(InferenceError) -> Shape {
        guard input.shape.count <= Shape.maximumRank else {
            throw .invalidShape(tensor: input.name, .tooManyAxes(input.shape.count))
        }
        var axes: [Int] = []
        axes.reserveCapacity(input.shape.count)
        input.shape.forEachVarint(in: octets) { axes.append(Int(truncatingIfNeeded: $0)) }
        do {
            return try Shape(checking: axes)
        } catch {
            throw .invalidShape(tensor: input.name, error)
        }
    }

    /// Reads little-endian bytes.
    func raw(_ range: Range<Int>, _ contents: InferTensorContents?) throws(InferenceError) -> Tensor {
        guard contents.map({ $0.count == 0 }) ?? true else { throw .contentsTwice(tensor: name) }
        return try octets.span.withUnsafeBytes { octets throws(InferenceError) in
            try tensor(UnsafeRawBufferPointer(rebasing: octets[range]))
        }
    }

    private func tensor(_ bytes: UnsafeRawBufferPointer) throws(InferenceError) -> Tensor {
        let (expected, overflow) = shape.elementCount.multipliedReportingOverflow(by: datatype.dtype.itemSize)
        guard !overflow, expected == bytes.count else {
            throw .rawByteCount(tensor: name, expected: overflow ? .max : expected, got: bytes.count)
        }
        do {
            return try Tensor(bytes: bytes, dtype: datatype.dtype, shape: shape)
        } catch {
            throw .invalidShape(tensor: name, error)
        }
    }

    /// Reads elements from the list of the datatype; the others must be empty.
    func typed(_ contents: InferTensorContents?) throws(InferenceError) -> Tensor {
        let contents = contents ?? InferTensorContents()
        switch datatype {
        case .float32: return try fixed(contents.floats, contents)
        case .float64: return try fixed(contents.doubles, contents)
        case .bool: return try varints(contents.bools, contents) { $0 == 0 ? 0 : 1 as UInt8 }
        case .uint8: return try integers(contents.uints, contents, as: UInt8.self, sent: UInt32.self)
        case .uint16: return try integers(contents.uints, contents, as: UInt16.self, sent: UInt32.self)
        case .uint32: return try integers(contents.uints, contents, as: UInt32.self, sent: UInt32.self)
        case .uint64: return try integers(contents.uint64s, contents, as: UInt64.self, sent: UInt64.self)
        case .int8: return try integers(contents.ints, contents, as: Int8.self, sent: Int32.self)
        case .int16: return try integers(contents.ints, contents, as: Int16.self, sent: Int32.self)
        case .int32: return try integers(contents.ints, contents, as: Int32.self, sent: Int32.self)
        case .int64: return try integers(contents.int64s, contents, as: Int64.self, sent: Int64.self)
        case .float16, .bfloat16: throw .rawOnly(tensor: name, datatype: datatype.rawValue)
        }
    }

    /// Refuses a list that has not as many elements as the shape, or others beside it.
    private func check(_ list: NumberList, _ contents: InferTensorContents) throws(InferenceError) {
        guard contents.count == list.count else { throw .otherContents(tensor: name, datatype: datatype.rawValue) }
        guard list.count == shape.elementCount else {
            throw .elementCount(tensor: name, expected: shape.elementCount, got: list.count)
        }
    }

    private func fixed(_ list: NumberList, _ contents: InferTensorContents) throws(InferenceError) -> Tensor {
        try check(list, contents)
        return try list.withPacked(in: octets, tensor)
    }

    private func integers<Element: FixedWidthInteger & BitwiseCopyable, Sent: FixedWidthInteger>(
        _ list: NumberList,
        _ contents: InferTensorContents,
        as type: Element.Type,
        sent: Sent.Type
    ) throws(InferenceError) -> Tensor {
        try varints(list, contents) { varint throws(InferenceError) in
            // A varint has room for more than its field's type: protobuf drops the rest.
            let sent = Sent(truncatingIfNeeded: varint)
            guard let element = Element(exactly: sent) else {
                throw .element(tensor: name, datatype: datatype.rawValue, got: "\(sent)")
            }
            return element
        }
    }

    private func varints<Element: BitwiseCopyable>(
        _ list: NumberList,
        _ contents: InferTensorContents,
        _ convert: (UInt64) throws(InferenceError) -> Element
    ) throws(InferenceError) -> Tensor {
        try check(list, contents)
        do {
            return try Tensor(dtype: datatype.dtype, shape: shape) { bytes throws(InferenceError) in
                var place = 0
                try list.forEachVarint(in: octets) { varint throws(InferenceError) in
                    bytes.storeBytes(of: try convert(varint), toByteOffset: place, as: Element.self)
                    place += MemoryLayout<Element>.size
                }
            }
        } catch let error as InferenceError {
            throw error
        } catch let error as TensorError {
            throw .invalidShape(tensor: name, error)
        } catch {
            throw .noData(tensor: name)
        }
    }
}
