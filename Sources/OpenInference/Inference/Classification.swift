import Glibc
import Models
import ModuleAPI
import Tensors
import Web

/// The classification extension: the largest elements of an output, each as `"<value>:<index>"`.
enum Classification {
    /// The largest tensor that is sorted for a client.
    static let maximumElementCount = 1_000_000

    /// Returns the `count` largest elements of each batch row, or of the whole output if the module has no batch axis.
    static func output(
        named name: String,
        tensor: Tensor,
        count: Int,
        isBatched: Bool,
        isBinary: Bool
    ) throws(InferenceError) -> InferOutput {
        guard ![.float16, .bfloat16, .bool].contains(tensor.dtype) else {
            throw .classification(
                output: name,
                reason: "not served for datatype \(InferenceDatatype(tensor.dtype).rawValue)"
            )
        }
        guard tensor.elementCount <= maximumElementCount else {
            throw .classification(
                output: name,
                reason: "expected at most \(maximumElementCount) elements, got \(tensor.elementCount)"
            )
        }
        let rowCount = isBatched && tensor.shape.count > 1 ? tensor.shape.first ?? 1 : 1
        let rowLength = rowCount == 0 ? 0 : tensor.elementCount / rowCount
        let classCount = min(count, rowLength)
        let labels = labels(of: tensor, rowCount: rowCount, rowLength: rowLength, classCount: classCount)
        let shape = isBatched && tensor.shape.count > 1 ? [rowCount, classCount] : [classCount]
        return InferOutput(name: name, content: .labels(labels, shape: shape), isBinary: isBinary)
    }

    private static func labels(of tensor: Tensor, rowCount: Int, rowLength: Int, classCount: Int) -> [String] {
        if tensor.dtype.isFloatingPoint {
            return labels(
                tensor.scalars(as: Double.self),
                rowCount: rowCount,
                rowLength: rowLength,
                classCount: classCount,
                isLess: { $0.isNaN ? !$1.isNaN : $0 < $1 },
                text: sixDecimals
            )
        }
        if tensor.dtype == .uint64 {
            return labels(
                tensor.scalars(as: UInt64.self),
                rowCount: rowCount,
                rowLength: rowLength,
                classCount: classCount,
                isLess: <,
                text: \.description
            )
        }
        return labels(
            tensor.scalars(as: Int64.self),
            rowCount: rowCount,
            rowLength: rowLength,
            classCount: classCount,
            isLess: <,
            text: \.description
        )
    }

    private static func labels<Value>(
        _ values: [Value],
        rowCount: Int,
        rowLength: Int,
        classCount: Int,
        isLess: (Value, Value) -> Bool,
        text: (Value) -> String
    ) -> [String] {
        (0..<rowCount).flatMap { row in
            let values = values[(row * rowLength)..<((row + 1) * rowLength)]
            // Equal values stay in the order of their indices.
            let order = values.indices.sorted { isLess(values[$1], values[$0]) }
            return order.prefix(classCount).map { "\(text(values[$0])):\($0 - values.startIndex)" }
        }
    }

    /// Returns what C++'s `std::to_string` gives: six decimals.
    private static func sixDecimals(_ value: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 400)
        let length = withVaList([value]) { vsnprintf(&buffer, buffer.count, "%f", $0) }
        return String(decoding: buffer.prefix(max(0, Int(length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
