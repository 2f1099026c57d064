import JSON
import Models
import ModuleAPI
import Tensors
import Web

/// Reads the `data` of an input: a list, flat or nested in any way whose elements are as many as the shape has.
struct InferDataReader {
    let name: String
    let datatype: InferenceDatatype
    let shape: Shape

    /// Reads the list that `reader` stands before.
    func read(_ reader: JSONReader) throws -> Tensor {
        var reader = reader
        guard try reader.peekKind() == .array else {
            throw InferenceError.wrongKind(field: "the data of input '\(name)'", expected: "a list")
        }
        var attempt = reader
        return try regular(&attempt) ?? irregular(&reader)
    }

    /// Returns a list of numbers read at once, or `nil` if it needs closer looking at.
    func regular(_ reader: inout JSONReader) throws -> Tensor? {
        switch datatype {
        case .float32: try tensor(reader.readFloats())
        case .float64: try tensor(reader.readDoubles())
        case .float16, .bfloat16: try tensor(reader.readDoubles())?.converted(to: datatype.dtype)
        case .int64: try tensor(reader.readIntegers())
        default: nil
        }
    }

    private func tensor<S: Scalar>(_ list: JSONNumberList<S>?) throws -> Tensor? {
        guard let list, !list.kinds.contains(.boolean) else { return nil }
        return try tensor(list.elements)
    }

    private func tensor<S: Scalar>(_ elements: [S]) throws -> Tensor {
        guard elements.count == shape.elementCount else {
            throw InferenceError.elementCount(tensor: name, expected: shape.elementCount, got: elements.count)
        }
        return try Tensor(elements, shape: shape)
    }

    private func irregular(_ reader: inout JSONReader) throws -> Tensor {
        var leaves: [JSONValue] = []
        Self.flatten(try reader.readValue(), into: &leaves)
        switch datatype {
        case .bool: return try tensor(leaves.map(boolean))
        case .uint8: return try integers(leaves, as: UInt8.self)
        case .uint16: return try integers(leaves, as: UInt16.self)
        case .uint32: return try integers(leaves, as: UInt32.self)
        case .uint64: return try integers(leaves, as: UInt64.self)
        case .int8: return try integers(leaves, as: Int8.self)
        case .int16: return try integers(leaves, as: Int16.self)
        case .int32: return try integers(leaves, as: Int32.self)
        case .int64: return try integers(leaves, as: Int64.self)
        case .float16, .bfloat16, .float32, .float64:
            return try tensor(leaves.map(double)).converted(to: datatype.dtype)
        }
    }

    /// Appends what is no list, in order.
    ///
    /// The reader bounds the depth.
    private static func flatten(_ value: JSONValue, into leaves: inout [JSONValue]) {
        guard case .array(let elements) = value else { return leaves.append(value) }
        for element in elements { flatten(element, into: &leaves) }
    }

    private func integers<I: FixedWidthInteger & Scalar>(_ leaves: [JSONValue], as type: I.Type) throws -> Tensor {
        try tensor(
            leaves.map { leaf throws(InferenceError) in
                guard let integer = leaf.asNumber?.integer(as: I.self) else { throw mismatch(leaf) }
                return integer
            }
        )
    }

    private func boolean(_ leaf: JSONValue) throws(InferenceError) -> Bool {
        if let flag = leaf.asBool { return flag }
        switch leaf.asInt {
        case 0: return false
        case 1: return true
        default: throw mismatch(leaf)
        }
    }

    private func double(_ leaf: JSONValue) throws(InferenceError) -> Double {
        switch (leaf.asNumber, leaf.asString) {
        case (let number?, _): return number.doubleValue
        case (_, "NaN"): return .nan
        case (_, "Infinity"): return .infinity
        case (_, "-Infinity"): return -.infinity
        default: throw mismatch(leaf)
        }
    }

    private func mismatch(_ leaf: JSONValue) -> InferenceError {
        let text = String(decoding: leaf.serialized.prefix(40), as: UTF8.self)
        return .element(tensor: name, datatype: datatype.rawValue, got: text)
    }
}
