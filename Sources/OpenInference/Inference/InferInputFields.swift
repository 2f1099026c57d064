import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// The fields of one input tensor, in whatever order they came.
struct InferInputFields {
    private var name: String?
    private var axes: [Int]?
    private var datatype: String?
    private var binarySize: Int?
    private var data: Data?

    private enum Data {
        /// What was read at once, behind the shape and the datatype.
        case tensor(Tensor)
        /// A reader that stands before what came earlier, or needs a closer look.
        case unread(JSONReader)

        init(_ reader: inout JSONReader, datatype: String?, axes: [Int]?) throws {
            let start = reader
            if let tensor = Self.regular(&reader, datatype, axes) {
                self = .tensor(tensor)
            } else {
                reader = start
                try reader.skipValue()
                self = .unread(start)
            }
        }

        /// Returns a regular list of what is known and right.
        private static func regular(_ reader: inout JSONReader, _ datatype: String?, _ axes: [Int]?) -> Tensor? {
            guard let datatype = datatype.flatMap(InferenceDatatype.init(rawValue:)),
                let shape = try? axes.map(Shape.init(checking:))
            else { return nil }
            return try? InferDataReader(name: "", datatype: datatype, shape: shape).regular(&reader)
        }
    }

    /// Takes the fields of the object that `reader` stands before.
    mutating func read(_ reader: inout JSONReader) throws {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.readString()
            case "shape": axes = try Self.axes(&reader)
            case "datatype": datatype = try reader.readString()
            case "parameters": try readParameters(reader.readValue())
            case "data" where try reader.peekKind() != .null:
                data = try Data(&reader, datatype: datatype, axes: axes)
            default: try reader.skipValue()
            }
        }
    }

    private static func axes(_ reader: inout JSONReader) throws -> [Int] {
        var axes: [Int] = []
        axes.reserveCapacity(4)
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
        if case .tensor(let tensor) = data, binarySize == nil { return InferInput(name: name, tensor: tensor) }
        guard let axes else { throw InferenceError.missingField("the shape of input '\(name)'") }
        guard let datatype else { throw InferenceError.missingField("the datatype of input '\(name)'") }
        guard datatype != InferenceDatatype.bytesName else { throw InferenceError.bytesAreNotServed(tensor: name) }
        guard let known = InferenceDatatype(rawValue: datatype) else {
            throw InferenceError.unknownDatatype(tensor: name, datatype)
        }
        let shape = try Self.shape(axes, tensor: name)
        guard data == nil || binarySize == nil else { throw InferenceError.dataTwice(tensor: name) }
        if case .unread(let reader) = data {
            let data = InferDataReader(name: name, datatype: known, shape: shape)
            return InferInput(name: name, tensor: try data.read(reader))
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
