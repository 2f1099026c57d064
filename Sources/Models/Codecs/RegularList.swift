import JSON
import Tensors

/// Rectangular lists of numbers, read straight into a tensor's storage.
enum RegularList {
    /// Reads the next value, or returns `nil` and leaves the reader where it was if the value needs closer looking at.
    static func read(_ reader: inout JSONReader, as listDType: JSONTensorReader.ListDType) throws -> Tensor? {
        switch listDType {
        case .fixed(.float32): try tensor(reader.readFloats())
        case .fixed(.float64): try tensor(reader.readDoubles())
        case .fixed(.int64): try tensor(reader.readIntegers())
        case .fixed(let dtype) where dtype.isFloatingPoint: try tensor(reader.readDoubles())?.converted(to: dtype)
        case .fixed(.bool): try tensor(reader.readDoubles())?.converted(to: .bool)
        case .fixed(let dtype): try integers(&reader, as: dtype)
        case .widest: try widest(&reader)
        case .indices: try indices(&reader)
        }
    }

    /// Reads whole numbers; among them, a boolean makes the tensor one of booleans, which no table takes.
    private static func indices(_ reader: inout JSONReader) throws -> Tensor? {
        guard let list = reader.readIntegers() else { return nil }
        return try list.kinds.contains(.boolean) ? tensor(list)?.converted(to: .bool) : tensor(list)
    }

    /// Reads whole numbers that all fit `dtype`.
    private static func integers(_ reader: inout JSONReader, as dtype: DType) throws -> Tensor? {
        let start = reader
        guard let list = reader.readIntegers() else { return nil }
        guard let range = range(of: dtype), list.elements.allSatisfy(range.contains) else {
            reader = start
            return nil
        }
        return try tensor(list)?.converted(to: dtype)
    }

    private static func range(of dtype: DType) -> ClosedRange<Int64>? {
        switch dtype {
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        case .int16: Int64(Int16.min)...Int64(Int16.max)
        case .int8: Int64(Int8.min)...Int64(Int8.max)
        case .uint8: 0...Int64(UInt8.max)
        case .uint16: 0...Int64(UInt16.max)
        case .uint32: 0...Int64(UInt32.max)
        case .uint64: 0...Int64.max
        default: nil
        }
    }

    private static func widest(_ reader: inout JSONReader) throws -> Tensor? {
        let start = reader
        guard let doubles = reader.readDoubles() else { return nil }
        if doubles.kinds == .boolean { return try tensor(doubles)?.converted(to: .bool) }
        guard doubles.kinds == .integer else { return try tensor(doubles) }
        reader = start
        return try tensor(reader.readIntegers())
    }

    private static func tensor<S: Scalar>(_ list: JSONNumberList<S>?) throws -> Tensor? {
        guard let list else { return nil }
        return try Tensor(list.elements, shape: Shape(checking: list.shape))
    }
}
