import JSON
import Tensors

/// The fields of one input tensor, in whatever order they came.
struct InferInputFields {
    private var name: String?
    private var axes: [Int]?
    private var datatype: String?
    private var binarySize: Int?
    /// A reader that stands before the data: they cannot be read before the datatype is known.
    private var data: JSONReader?

    init(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.readString()
            case "shape": axes = try Self.axes(&reader)
            case "datatype": datatype = try reader.readString()
            case "parameters": try readParameters(reader.readValue())
            case "data" where try reader.peekKind() != .null:
                data = reader
                try reader.skipValue()
            default: try reader.skipValue()
            }
        }
    }

    private static func axes(_ reader: inout JSONReader) throws -> [Int] {
        var axes: [Int] = []
        try reader.beginArray()
        while try reader.nextElement() { axes.append(try reader.readInt()) }
        return axes
    }

    private mutating func readParameters(_ value: JSONValue) throws(InferenceError) {
        for (name, parameter) in try InferParameters.members(of: value, field: "the parameters of an input") {
            switch name {
            case "binary_data_size": binarySize = try InferParameters.wholeNumber(parameter, name: name)
            case _ where name.hasPrefix("shared_memory_"): throw .unservedParameter(name)
            default: try InferParameters.requireScalar(parameter, name: name)
            }
        }
    }

    /// Returns the input, its data taken from the JSON or from the bytes behind it.
    func input(from binary: inout BinarySection, hasBinarySection: Bool) throws -> InferInput {
        guard let name else { throw InferenceError.missingField("the name of an input") }
        guard let axes else { throw InferenceError.missingField("the shape of input '\(name)'") }
        guard let datatype else { throw InferenceError.missingField("the datatype of input '\(name)'") }
        guard datatype != InferenceDatatype.bytesName else { throw InferenceError.bytesAreNotServed(tensor: name) }
        guard let known = InferenceDatatype(rawValue: datatype) else {
            throw InferenceError.unknownDatatype(tensor: name, datatype)
        }
        let shape = try Self.shape(axes, tensor: name)
        if let data {
            guard binarySize == nil else { throw InferenceError.dataTwice(tensor: name) }
            return InferInput(
                name: name,
                tensor: try InferDataReader(name: name, datatype: known, shape: shape).read(data)
            )
        }
        try checkBinarySize(tensor: name, shape: shape, dtype: known.dtype, hasBinarySection: hasBinarySection)
        return InferInput(name: name, tensor: try binary.tensor(named: name, dtype: known.dtype, shape: shape))
    }

    private static func shape(_ axes: [Int], tensor: String) throws(InferenceError) -> Shape {
        do {
            return try Shape(checking: axes)
        } catch {
            throw .invalidShape(tensor: tensor, error)
        }
    }

    /// Refuses a `binary_data_size` that shape and datatype do not bear out.
    ///
    /// It may be left out: they give it.
    private func checkBinarySize(
        tensor: String,
        shape: Shape,
        dtype: DType,
        hasBinarySection: Bool
    ) throws(InferenceError) {
        guard hasBinarySection else {
            throw binarySize == nil ? .noData(tensor: tensor) : .binaryDataWithoutHeaderLength(tensor: tensor)
        }
        guard let binarySize else { return }
        let (expected, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.itemSize)
        guard !overflow, expected == binarySize else {
            throw .byteCount(tensor: tensor, expected: overflow ? .max : expected, got: binarySize)
        }
    }
}
