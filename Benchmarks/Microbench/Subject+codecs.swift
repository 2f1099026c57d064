import JSON
import Tensors

extension Subject {
    /// Reading a JSON list of floats with all their digits.
    static func parse(_ count: Int) throws -> () throws -> Void {
        let text = try Array("[\(numbers(count).map { "\($0)" }.joined(separator: ", "))]".utf8)
        return {
            var reader = JSONReader(text)
            guard let list = reader.readFloats(), list.elements.count == count else {
                throw Failure.usage("the list was not read")
            }
        }
    }

    /// Writing floats as the shortest decimals that read back the same.
    static func write(_ count: Int) throws -> () throws -> Void {
        let floats = try numbers(count)
        return {
            var writer = JSONWriter(capacity: 16 * count)
            try floats.withUnsafeBufferPointer { try writer.write($0, shape: [count], nonFinite: .strings) }
            keep(writer.finish().count)
        }
    }

    /// Reading a JSON list of doubles with all their digits.
    static func parseDoubles(_ count: Int) throws -> () throws -> Void {
        let text = try Array("[\(doubles(count).map { "\($0)" }.joined(separator: ", "))]".utf8)
        return {
            var reader = JSONReader(text)
            guard let list = reader.readDoubles(), list.elements.count == count else {
                throw Failure.usage("the list was not read")
            }
        }
    }

    /// Writing doubles as the shortest decimals that read back the same.
    static func writeDoubles(_ count: Int) throws -> () throws -> Void {
        let doubles = try doubles(count)
        return {
            var writer = JSONWriter(capacity: 24 * count)
            try doubles.withUnsafeBufferPointer { try writer.write($0, shape: [count], nonFinite: .strings) }
            keep(writer.finish().count)
        }
    }

    private static func doubles(_ count: Int) throws -> [Double] {
        try Tensor.normal(Shape(checking: [count]), dtype: .float64, generator: Generator(seed: 0))
            .scalars(as: Double.self)
    }

    private static func numbers(_ count: Int) throws -> [Float] {
        try Tensor.normal(Shape(checking: [count]), generator: Generator(seed: 0)).scalars(as: Float.self)
    }
}
